// The golden vectors (tests/contract/vectors), by the generated messages.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";

import { createRegistry, fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import { file_google_protobuf_duration } from "@bufbuild/protobuf/wkt";

import { file_pavane_feed_v1_event } from "../gen/pavane/feed/v1/event_pb.js";
import { file_pavane_feed_v1_feed_service } from "../gen/pavane/feed/v1/feed_service_pb.js";
import { file_pavane_testing_v1_chain_service } from "../gen/pavane/testing/v1/chain_service_pb.js";
import { file_pavane_testing_v1_fault_service } from "../gen/pavane/testing/v1/fault_service_pb.js";
import { file_pavane_workflow_v1_events } from "../gen/pavane/workflow/v1/events_pb.js";
import { file_pavane_workflow_v1_execution_service } from "../gen/pavane/workflow/v1/execution_service_pb.js";
import { file_pavane_workflow_v1_participant_service } from "../gen/pavane/workflow/v1/participant_service_pb.js";
import { file_pavane_workflow_v1_target_service } from "../gen/pavane/workflow/v1/target_service_pb.js";
import { file_pavane_workflow_v1_workflow } from "../gen/pavane/workflow/v1/workflow_pb.js";
import { file_pavane_workflow_v1_workflow_service } from "../gen/pavane/workflow/v1/workflow_service_pb.js";
import { VECTORS } from "./wishes.js";

const registry = createRegistry(
  file_google_protobuf_duration,
  file_pavane_feed_v1_event,
  file_pavane_feed_v1_feed_service,
  file_pavane_testing_v1_chain_service,
  file_pavane_testing_v1_fault_service,
  file_pavane_workflow_v1_events,
  file_pavane_workflow_v1_execution_service,
  file_pavane_workflow_v1_participant_service,
  file_pavane_workflow_v1_target_service,
  file_pavane_workflow_v1_workflow,
  file_pavane_workflow_v1_workflow_service,
);

interface Vector {
  message: string;
  name: string;
  binary: string;
  json: string;
}

/** Which vectors came out other than they are. */
export function check() {
  const { vectors } = JSON.parse(readFileSync(join(VECTORS, "index.json"), "utf8")) as { vectors: Vector[] };
  const wrong = vectors.filter((vector) => !isRight(vector)).map(({ message, name }) => `${message}/${name}`);
  return { count: vectors.length, wrong };
}

function isRight({ message, binary, json }: Vector): boolean {
  const schema = registry.getMessage(message);
  if (schema === undefined) {
    return false;
  }
  const bytes = readFileSync(join(VECTORS, binary));
  const text = JSON.parse(readFileSync(join(VECTORS, json), "utf8")) as JsonValue;
  const decoded = fromBinary(schema, bytes);
  const parsed = fromJson(schema, text, { registry });
  return (
    bytes.equals(toBinary(schema, decoded)) &&
    isDeepStrictEqual(toJson(schema, decoded, { registry }), text) &&
    bytes.equals(toBinary(schema, parsed))
  );
}
