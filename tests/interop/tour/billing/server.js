// Billing: charges cards. Plain @grpc/grpc-js; knows nothing of workflows.
//
// In memory, to be short. What it knows of repetition is its trade's own: an order is charged once, and
// one that was refunded is not charged any more.

const path = require('node:path');
const grpc = require('@grpc/grpc-js');
const loader = require('@grpc/proto-loader');

const file = path.join(__dirname, '../proto/billing.proto');
const { bookshop } = grpc.loadPackageDefinition(loader.loadSync(file, { keepCase: true }));
const charges = new Map(); // order -> receipt; null: refunded

function charge({ request }, answer) {
  const { order_id: order, card, amount_cents: amount } = request;
  const refuse = (details) => answer({ code: grpc.status.FAILED_PRECONDITION, details });
  if (card.startsWith('0000')) return refuse('the card is declined');
  if (charges.get(order) === null) return refuse('the order was called off');
  if (!charges.has(order)) {
    charges.set(order, `R-${1001 + charges.size}`);
    console.log(`charged ${amount} cents for ${order}`);
  }
  answer(null, { receipt: charges.get(order) });
}

function refund({ request }, answer) {
  charges.set(request.order_id, null);
  console.log(`refunded ${request.order_id}`);
  answer(null, {});
}

const address = process.argv[2];
const server = new grpc.Server();
server.addService(bookshop.v1.BillingService.service, { Charge: charge, Refund: refund });
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log(`serving on ${address}`);
});
