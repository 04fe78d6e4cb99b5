// How requests travel: each wire makes transports to an address, under the same generated clients.

import { createRegistry } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import * as browser from "@connectrpc/connect-web";

import { file_google_rpc_error_details } from "../gen/google/rpc/error_details_pb.js";
import { file_pavane_workflow_v1_events } from "../gen/pavane/workflow/v1/events_pb.js";
import { file_shop_inventory_v1_inventory_service } from "../gen/shop/inventory/v1/inventory_service_pb.js";
import { createGrpcJsTransport } from "./grpc-js.js";

export type Wire = (address: string) => Transport;

// Events and failures hold `Any`s; to read one as JSON, its type must be known.
const registry = createRegistry(
  file_google_rpc_error_details,
  file_pavane_workflow_v1_events,
  file_shop_inventory_v1_inventory_service,
);

export const wires: Record<string, Wire> = {
  "grpc-js": createGrpcJsTransport,
  "connect-json": (address) =>
    createConnectTransport({
      baseUrl: `http://${address}`,
      httpVersion: "1.1",
      useBinaryFormat: false,
      jsonOptions: { registry },
    }),
  "connect-proto": (address) => createConnectTransport({ baseUrl: `http://${address}`, httpVersion: "2" }),
  "grpc-web": (address) => createGrpcWebTransport({ baseUrl: `http://${address}`, httpVersion: "1.1" }),
  // What browsers have: `fetch`.
  "fetch-connect": (address) =>
    browser.createConnectTransport({
      baseUrl: `http://${address}`,
      useBinaryFormat: false,
      jsonOptions: { registry },
    }),
  "fetch-grpc-web": (address) => browser.createGrpcWebTransport({ baseUrl: `http://${address}` }),
};
