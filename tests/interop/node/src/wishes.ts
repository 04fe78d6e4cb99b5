// What the scenario asks for: its requests, which are the same however they are sent.

import { readFileSync } from "node:fs";
import { basename } from "node:path";

import { create, fromBinary, type JsonObject, toBinary, toJson } from "@bufbuild/protobuf";
import { durationFromMs, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

import { SubscribeRequestSchema } from "../gen/pavane/feed/v1/feed_service_pb.js";
import { AddFaultRequestSchema } from "../gen/pavane/testing/v1/fault_service_pb.js";
import {
  CancelExecutionRequestSchema,
  StartExecutionRequestSchema,
  WaitExecutionRequestSchema,
} from "../gen/pavane/workflow/v1/execution_service_pb.js";
import { DeployWorkflowRequestSchema } from "../gen/pavane/workflow/v1/workflow_service_pb.js";
import { PlaceOrderRequestSchema } from "../gen/shop/order/v1/order_service_pb.js";

export const ORCHESTRATOR = variable("INTEROP_ORCHESTRATOR");
export const PAYMENT = variable("INTEROP_PAYMENT");
export const FEED = variable("INTEROP_FEED");
export const VECTORS = variable("INTEROP_VECTORS");
const WORKFLOW = variable("INTEROP_WORKFLOW");
const DESCRIPTORS = variable("INTEROP_DESCRIPTORS");

export const DEADLINE_MS = 200;
const UNAVAILABLE = 14;

export function deploy(change = (text: string) => text) {
  const text = change(readFileSync(WORKFLOW, "utf8"));
  const types = fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS));
  return create(DeployWorkflowRequestSchema, {
    definition: { case: "source", value: { fileName: basename(WORKFLOW), text } },
    descriptors: { from: { case: "fileDescriptorSet", value: types } },
  });
}

export function mistaken(text: string): string {
  return text.replaceAll("reserve.total", "reserve.totel");
}

export function order(orderId: string, cardToken = "tok-visa") {
  return create(PlaceOrderRequestSchema, {
    orderId,
    cardToken,
    lines: [{ sku: "sku-3", quantity: 2 }],
    address: {
      recipient: "Thoinot Arbeau",
      street: "12 Rue de l'Évêché",
      city: "Langres",
      postalCode: "52200",
      country: "FR",
    },
  });
}

export function key(orderId: string) {
  return { headers: { "idempotency-key": orderId } };
}

export function start(orderId: string) {
  const encoded = toBinary(PlaceOrderRequestSchema, order(orderId));
  return create(StartExecutionRequestSchema, {
    workflow: "place-order",
    executionId: orderId,
    input: { case: "inputBytes", value: encoded },
  });
}

export function startByJson(orderId: string) {
  const json = toJson(PlaceOrderRequestSchema, order(orderId)) as JsonObject;
  return create(StartExecutionRequestSchema, {
    workflow: "place-order",
    executionId: orderId,
    input: { case: "inputJson", value: json },
  });
}

export function wait(executionId: string) {
  return create(WaitExecutionRequestSchema, { executionId, timeout: durationFromMs(30_000) });
}

export function cancel(executionId: string) {
  return create(CancelExecutionRequestSchema, { executionId, reason: "changed my mind: ça suffit" });
}

export function cardFails() {
  const method = "shop.payment.v1.PaymentService/ChargeCard";
  return create(AddFaultRequestSchema, { method, count: 1_000_000, code: UNAVAILABLE });
}

export function subscribe(after?: string) {
  return create(SubscribeRequestSchema, {
    feed: "inventory",
    filter: { types: ["shop.inventory.v1.*"] },
    maxBatchBytes: 1,
    start: after === undefined ? { case: undefined } : { case: "after", value: after },
  });
}

function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) {
    throw new Error(`${name} is not set`);
  }
  return value;
}
