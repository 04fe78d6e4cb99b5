// The steps of the scenario, by generated clients, over any wire.

import { equals } from "@bufbuild/protobuf";
import { type Client, type Code, ConnectError, createClient } from "@connectrpc/connect";

import type { Event } from "../gen/pavane/feed/v1/event_pb.js";
import { FeedService, type SubscribeResponse } from "../gen/pavane/feed/v1/feed_service_pb.js";
import { FaultService } from "../gen/pavane/testing/v1/fault_service_pb.js";
import { ExecutionService } from "../gen/pavane/workflow/v1/execution_service_pb.js";
import { WorkflowService } from "../gen/pavane/workflow/v1/workflow_service_pb.js";
import { OrderService, PlaceOrderResponseSchema } from "../gen/shop/order/v1/order_service_pb.js";
import * as transcript from "./transcript.js";
import { say } from "./transcript.js";
import type { Wire } from "./wires.js";
import * as wishes from "./wishes.js";

export class Scenario {
  private readonly workflows: Client<typeof WorkflowService>;
  private readonly executions: Client<typeof ExecutionService>;
  private readonly orders: Client<typeof OrderService>;
  private readonly faults: Client<typeof FaultService>;
  private readonly feeds: Client<typeof FeedService>;

  constructor(wire: Wire) {
    const orchestrator = wire(wishes.ORCHESTRATOR);
    this.workflows = createClient(WorkflowService, orchestrator);
    this.executions = createClient(ExecutionService, orchestrator);
    this.orders = createClient(OrderService, orchestrator);
    this.faults = createClient(FaultService, wire(wishes.PAYMENT));
    this.feeds = createClient(FeedService, wire(wishes.FEED));
  }

  async run(): Promise<void> {
    await this.deploy();
    await this.startAndWait();
    await this.watch();
    await this.place();
    await this.startWrongly();
    await this.runOutOfTime();
    await this.cancel();
    await this.follow();
  }

  private async deploy(): Promise<void> {
    const { workflow, unchanged } = await this.workflows.deployWorkflow(wishes.deploy());
    const steps = workflow?.workflow?.steps.map((step) => step.id);
    say("deploy", { workflow: workflow?.name, revision: workflow?.revision, steps, unchanged });
    const again = await this.workflows.deployWorkflow(wishes.deploy());
    say("deploy again", { unchanged: again.unchanged });
    const error = await refused(this.workflows.deployWorkflow(wishes.deploy(wishes.mistaken)));
    say("deploy mistake", { error: transcript.failure(error), diagnostics: transcript.diagnostics(error) });
  }

  private async startAndWait(): Promise<void> {
    for (const step of ["start", "start again"]) {
      const { execution, existing } = await this.executions.startExecution(wishes.start("order-1"));
      say(step, { id: execution?.id, existing });
    }
    const { execution } = await this.executions.waitExecution(wishes.wait("order-1"));
    const steps = transcript.steps(execution);
    say("wait", { state: transcript.state(execution), output: execution?.output, steps });
  }

  private async watch(): Promise<void> {
    await this.faults.addFault(wishes.cardFails());
    await this.executions.startExecution(wishes.startByJson("order-2"));
    const events = [];
    for await (const { event } of this.executions.watchExecution({ executionId: "order-2" })) {
      if (event !== undefined) {
        const step = transcript.completedStep(event);
        events.push({ type: event.type, of: step });
        if (step === "reserve") {
          await this.faults.clearFaults({});
        }
      }
    }
    say("watch", { events });
  }

  private async place(): Promise<void> {
    let executionId: string | null | undefined;
    const placed = await this.orders.placeOrder(wishes.order("order-3"), {
      ...wishes.key("order-3"),
      onHeader: (headers) => (executionId = transcript.executionId(headers)),
    });
    say("place", {
      execution_id: executionId,
      order_id: placed.orderId,
      tracking_number: placed.trackingNumber,
      charged: { currency: placed.charged?.currency, minor_units: Number(placed.charged?.minorUnits) },
    });
    const again = await this.orders.placeOrder(wishes.order("order-3"), wishes.key("order-3"));
    say("place again", { same: equals(PlaceOrderResponseSchema, again, placed) });
    const order = wishes.order("order-4", "tok-declined");
    const error = await refused(this.orders.placeOrder(order, wishes.key("order-4")));
    say("place declined", { execution_id: transcript.executionId(error.metadata), error: transcript.failure(error) });
  }

  private async startWrongly(): Promise<void> {
    const malformed = { workflow: "place-order", executionId: "order 5!" };
    let error = await refused(this.executions.startExecution(malformed));
    say("start malformed", { error: transcript.failure(error) });
    error = await refused(this.executions.startExecution({ workflow: "place-ordr" }));
    say("start unknown", { error: transcript.failure(error) });
  }

  private async runOutOfTime(): Promise<void> {
    await this.faults.addFault(wishes.cardFails());
    await this.executions.startExecution(wishes.start("order-5"));
    const call = new AbortController();
    const watch = this.executions.watchExecution({ executionId: "order-5" }, { signal: call.signal });
    const messages = watch[Symbol.asyncIterator]();
    await until(messages, ({ event }) => event !== undefined && transcript.completedStep(event) === "reserve");
    call.abort();
    say("stop watching", { code: transcript.code(await ending(messages)) });
    const late = this.executions.waitExecution(wishes.wait("order-5"), { timeoutMs: wishes.DEADLINE_MS });
    const { code } = await refused(late);
    const { execution } = await this.executions.getExecution({ executionId: "order-5" });
    say("deadline", { code: transcript.code(code), state: transcript.state(execution) });
  }

  private async cancel(): Promise<void> {
    await this.executions.cancelExecution(wishes.cancel("order-5"));
    await this.faults.clearFaults({});
    const { execution } = await this.executions.waitExecution(wishes.wait("order-5"));
    const reserve = execution?.steps.find((step) => step.id === "reserve");
    say("cancel", {
      state: transcript.state(execution),
      cancel_reason: execution?.cancelReason,
      reserve: transcript.stepState(reserve),
    });
    let error = await refused(this.executions.cancelExecution(wishes.cancel("order-5")));
    say("cancel again", { error: transcript.failure(error) });
    error = await refused(this.orders.placeOrder(wishes.order("order-5"), wishes.key("order-5")));
    say("place canceled", { error: transcript.failure(error) });
  }

  private async follow(): Promise<void> {
    const first = this.feeds.subscribe(wishes.subscribe())[Symbol.asyncIterator]();
    const events: Event[] = [];
    while (events.length < 3) {
      events.push(...eventsOf(await next(first)));
    }
    say("feed", { events: events.map(transcript.stockEvent) });
    const interrupted = (await ending(first)) !== undefined;

    const call = new AbortController();
    const { messages, rest } = await this.resume(events.at(-1)?.cursor, call.signal);
    say("feed resumed", { interrupted, events: rest.map(transcript.stockEvent) });

    await this.orders.placeOrder(wishes.order("order-6"), wishes.key("order-6"));
    const live = eventsOf(await until(messages, (message) => eventsOf(message).length > 0));
    say("feed live", { events: live.map(transcript.stockEvent) });
    call.abort();
    say("leave feed", { code: transcript.code(await ending(messages)) });

    const nonsense = this.feeds.subscribe({ feed: "inventory", start: { case: "after", value: "nonsense" } });
    const error = await refused(next(nonsense[Symbol.asyncIterator]()));
    say("feed nonsense", { error: transcript.failure(error) });
  }

  /** Subscribes after a cursor, and gives what is history by then. */
  private async resume(after: string | undefined, signal: AbortSignal) {
    const messages = this.feeds.subscribe(wishes.subscribe(after), { signal })[Symbol.asyncIterator]();
    const rest: Event[] = [];
    await until(messages, (message) => {
      rest.push(...eventsOf(message));
      return message.message.case === "caughtUp";
    });
    return { messages, rest };
  }
}

function eventsOf({ message }: SubscribeResponse): Event[] {
  return message.case === "batch" ? message.value.events : [];
}

async function next<M>(messages: AsyncIterator<M>): Promise<M> {
  const { value, done } = await messages.next();
  if (done === true) {
    throw new Error("the stream was not to end");
  }
  return value;
}

async function until<M>(messages: AsyncIterator<M>, isIt: (message: M) => boolean): Promise<M> {
  for (;;) {
    const message = await next(messages);
    if (isIt(message)) {
      return message;
    }
  }
}

/** Reads a stream to its end, and gives the code that it ends with, unless that is OK. */
async function ending(messages: AsyncIterator<unknown>): Promise<Code | undefined> {
  try {
    while ((await messages.next()).done !== true);
    return undefined;
  } catch (error) {
    return ConnectError.from(error).code;
  }
}

/** The error of a call that must fail. */
async function refused(call: Promise<unknown>): Promise<ConnectError> {
  const answer = await call.catch((error: unknown) => ConnectError.from(error));
  if (answer instanceof ConnectError) {
    return answer;
  }
  throw new Error(`this was to fail: ${String(answer)}`);
}
