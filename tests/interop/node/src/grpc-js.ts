// grpc-js under the generated clients of Connect-ES: the same typed calls, sent by the gRPC library.

import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";

import { StatusSchema } from "../gen/google/rpc/status_pb.js";

export function createGrpcJsTransport(address: string): Transport {
  const client = new grpc.Client(address, grpc.credentials.createInsecure());
  return {
    async unary(method, signal, timeoutMs, header, input) {
      const answer = await new Promise<Answer<MessageShape<typeof method.output>>>((resolve, reject) => {
        let received = new Headers();
        const call = client.makeUnaryRequest(
          path(method),
          (bytes: Uint8Array) => Buffer.from(bytes),
          (bytes: Buffer) => fromBinary(method.output, bytes),
          encode(method.input, input),
          metadata(header),
          options(timeoutMs),
          (error, message) => (message === undefined ? reject(failure(error)) : resolve({ header: received, message })),
        );
        call.on("metadata", (metadata) => (received = headers(metadata)));
        signal?.addEventListener("abort", () => call.cancel());
      });
      return { stream: false, service: method.parent, method, trailer: new Headers(), ...answer };
    },

    async stream(method, signal, timeoutMs, header, input) {
      const call = client.makeServerStreamRequest(
        path(method),
        (bytes: Uint8Array) => Buffer.from(bytes),
        (bytes: Buffer) => fromBinary(method.output, bytes),
        encode(method.input, await only(input)),
        metadata(header),
        options(timeoutMs),
      );
      signal?.addEventListener("abort", () => call.cancel());
      const message = messages<MessageShape<typeof method.output>>(call);
      const received = { header: new Headers(), trailer: new Headers() };
      return { stream: true, service: method.parent, method, ...received, message };
    },
  };
}

interface Answer<M> {
  header: Headers;
  message: M;
}

async function* messages<M>(call: grpc.ClientReadableStream<M>): AsyncGenerator<M> {
  try {
    yield* call;
  } catch (error) {
    throw failure(error);
  }
}

function path(method: DescMethod): string {
  return `/${method.parent.typeName}/${method.name}`;
}

function encode<Desc extends DescMessage>(schema: Desc, message: MessageInitShape<Desc>): Uint8Array {
  return toBinary(schema, create(schema, message));
}

/** The request of a server-streaming method. */
async function only<T>(requests: AsyncIterable<T>): Promise<T> {
  for await (const request of requests) {
    return request;
  }
  throw new Error("a request is expected");
}

/** A connection that broke is made again; meanwhile calls wait. */
function metadata(header: ConstructorParameters<typeof Headers>[0]): grpc.Metadata {
  const metadata = new grpc.Metadata({ waitForReady: true });
  new Headers(header).forEach((value, name) => metadata.set(name, value));
  return metadata;
}

function options(timeoutMs: number | undefined): grpc.CallOptions {
  return timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs };
}

function headers(metadata: grpc.Metadata): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (typeof value === "string") {
      headers.set(name, value);
    }
  }
  return headers;
}

/** The details of a status are a `google.rpc.Status` among the metadata. */
function failure(error: unknown): ConnectError {
  const { code, details, metadata } = error as grpc.ServiceError;
  if (metadata === undefined) {
    return new ConnectError(String(error), Code.Unknown);
  }
  const failure = new ConnectError(details, code as number as Code, headers(metadata));
  const [packed] = metadata.get("grpc-status-details-bin");
  if (packed instanceof Buffer) {
    failure.details = fromBinary(StatusSchema, packed).details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  }
  return failure;
}
