"""The library: keeps books on shelves, and reserves copies. Plain grpcio; knows nothing of workflows.

In memory, to be short. What it knows of repetition is its trade's own: a book is reserved once for an
order, and one that was released for an order is not reserved for it any more.
"""

import sys
import threading
from concurrent import futures

import grpc
import library_pb2 as library
import library_pb2_grpc as stubs
from grpc_reflection.v1alpha import reflection

PRICES = {"dune": 1250, "emma": 890, "ulysses": 1900}
SHELVES = {"dune": "S1", "emma": "A4", "ulysses": "J2"}


class Library(stubs.LibraryServiceServicer):
    def __init__(self):
        self.lock = threading.Lock()
        self.free = {"dune": 100, "emma": 100, "ulysses": 1}
        self.reserved = {}  # (order, book) -> copies; 0: released

    def Reserve(self, request, context):
        key = (request.order_id, request.book)
        with self.lock:
            if request.book not in PRICES:
                context.abort(grpc.StatusCode.NOT_FOUND, f"there is no book {request.book}")
            if self.reserved.get(key) == 0:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the order was called off")
            if key not in self.reserved:
                if self.free[request.book] < request.copies:
                    context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{request.book} is sold out")
                self.free[request.book] -= request.copies
                self.reserved[key] = request.copies
        say(f"reserved {request.copies} x {request.book} for {request.order_id}", context)
        price = PRICES[request.book] * request.copies
        return library.ReserveResponse(shelf=SHELVES[request.book], price_cents=price)

    def Release(self, request, context):
        key = (request.order_id, request.book)
        with self.lock:
            if request.book in self.free:
                self.free[request.book] += self.reserved.get(key, 0)
            self.reserved[key] = 0
        say(f"released {request.book} of {request.order_id}", context)
        return library.ReleaseResponse()


def say(what, context):
    metadata = dict(context.invocation_metadata())
    buyer = f", {metadata['x-channel']}" if "x-channel" in metadata else ""
    print(what + buyer, flush=True)


def main(address):
    # Without so_reuseport, a second one is told that the port is taken.
    server = grpc.server(futures.ThreadPoolExecutor(), options=[("grpc.so_reuseport", 0)])
    stubs.add_LibraryServiceServicer_to_server(Library(), server)
    reflection.enable_server_reflection(
        ["bookshop.v1.LibraryService", reflection.SERVICE_NAME], server
    )
    server.add_insecure_port(address)
    server.start()
    print(f"serving on {address}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1])
