// What the scenario prints: a line for each step, and facts as the transcript has them.

import type { DescMessage } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { type Code, ConnectError } from "@connectrpc/connect";

import { BadRequestSchema, ErrorInfoSchema } from "../gen/google/rpc/error_details_pb.js";
import type { Event } from "../gen/pavane/feed/v1/event_pb.js";
import { StepCompletedSchema } from "../gen/pavane/workflow/v1/events_pb.js";
import {
  type Execution,
  ExecutionStateSchema,
  StepStateSchema,
  type StepStatus,
} from "../gen/pavane/workflow/v1/execution_service_pb.js";
import { CheckWorkflowResponseSchema } from "../gen/pavane/workflow/v1/workflow_service_pb.js";
import { StockReleasedSchema, StockReservedSchema } from "../gen/shop/inventory/v1/inventory_service_pb.js";

const EXECUTION_ID = "pavane-execution-id";

const CODES = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
];

type Facts = Record<string, unknown>;

export function say(step: string, facts: Facts): void {
  process.stdout.write(`${JSON.stringify({ step, ...facts })}\n`);
}

export function code(code: Code | undefined): string {
  return CODES[code ?? 0] ?? `code ${code}`;
}

/** A failed call, as the transcript has it. */
export function failure(error: ConnectError): Facts {
  const [info] = error.findDetails(ErrorInfoSchema);
  const [request] = error.findDetails(BadRequestSchema);
  return {
    code: code(error.code),
    message: error.rawMessage,
    reason: info?.reason,
    domain: info?.domain,
    metadata: info?.metadata,
    violations: request?.fieldViolations.map(({ field, description }) => ({ field, description })) ?? [],
  };
}

export function diagnostics(error: ConnectError): Facts[] {
  const [checked] = error.findDetails(CheckWorkflowResponseSchema);
  return checked?.diagnostics.map(({ reason, line, column }) => ({ reason, line, column })) ?? [];
}

export function executionId(headers: Headers | undefined): string | null | undefined {
  return headers?.get(EXECUTION_ID);
}

export function state(execution: Execution | undefined): string | undefined {
  return ExecutionStateSchema.value[execution?.state ?? 0]?.name;
}

export function steps(execution: Execution | undefined): Facts[] | undefined {
  return execution?.steps.map((step) => ({ id: step.id, state: stepState(step) }));
}

export function stepState(step: StepStatus | undefined): string | undefined {
  return StepStateSchema.value[step?.state ?? 0]?.name;
}

/** The step that the event says is completed; empty if it says something else. */
export function completedStep(event: Event): string {
  return unpack(event, StepCompletedSchema)?.step ?? "";
}

/** An event of the inventory's feed, as the transcript has it. */
export function stockEvent(event: Event): Facts {
  const data = unpack(event, StockReservedSchema) ?? unpack(event, StockReleasedSchema);
  return {
    sequence: Number(event.sequence),
    type: event.type,
    subject: event.subject,
    order_id: data?.reservation?.orderId,
    released: data?.reservation?.released,
  };
}

function unpack<Desc extends DescMessage>(event: Event, schema: Desc) {
  return event.data === undefined ? undefined : anyUnpack(event.data, schema);
}
