"""A shipping service as a team would have written it before it heard of anything else here.

Plain grpcio over the repository's .proto files and a SQLite file. It knows orders, addresses and
tracking numbers; it must never know of feeds, workflows, idempotency keys or who calls it. What it
knows of repetition is its trade's own: an order is shipped once, and one that was called off is not
shipped any more.
"""

import argparse
import signal
import sqlite3
import sys
import threading
from concurrent import futures

import grpc
from shop.shipping.v1 import shipping_service_pb2 as shipping
from shop.shipping.v1 import shipping_service_pb2_grpc as stubs

COUNTRIES = {"AT", "BE", "CH", "DE", "ES", "FR", "IT", "NL", "PL", "PT"}
TABLE = """
create table if not exists shipments (
    number integer primary key autoincrement,
    order_id text unique not null,
    request blob,  -- none: called off before anything was shipped
    canceled integer not null default 0
)
"""


class Shipping(stubs.ShippingServiceServicer):
    """The service, over one SQLite file."""

    def __init__(self, file):
        self.lock = threading.Lock()
        self.books = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self.books.execute("pragma synchronous = full")
        self.books.execute(TABLE)

    def CreateShipment(self, request, context):
        if not request.order_id or not request.lines:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "an order with lines is needed")
        if request.address.country not in COUNTRIES:
            message = f"no shipments to {request.address.country}"
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, message)
        with self.lock:
            self.books.execute(
                "insert or ignore into shipments (order_id, request) values (?, ?)",
                (request.order_id, request.SerializeToString()),
            )
            number, canceled = self.books.execute(
                "select number, canceled from shipments where order_id = ?", (request.order_id,)
            ).fetchone()
        if canceled:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "the order was called off")
        return shipping.CreateShipmentResponse(tracking_number=tracking_number(number))

    def CancelShipment(self, request, context):
        with self.lock:
            self.books.execute(
                "insert or ignore into shipments (order_id, canceled) values (?, 1)",
                (request.order_id,),
            )
            changed = self.books.execute(
                "update shipments set canceled = 1 where order_id = ? and not canceled",
                (request.order_id,),
            ).rowcount
        return shipping.CancelShipmentResponse(canceled=changed > 0)

    def ListShipments(self, request, context):
        after = int(request.page_token or 0)
        size = request.page_size or 1000
        with self.lock:
            rows = self.books.execute(
                "select number, request, canceled from shipments"
                " where number > ? and request is not null order by number limit ?",
                (after, size),
            ).fetchall()
        answer = shipping.ListShipmentsResponse()
        for number, request_bytes, canceled in rows:
            made_from = shipping.CreateShipmentRequest.FromString(request_bytes)
            answer.shipments.add(
                order_id=made_from.order_id,
                tracking_number=tracking_number(number),
                lines=made_from.lines,
                address=made_from.address,
                canceled=bool(canceled),
            )
        if len(rows) == size:
            answer.next_page_token = str(rows[-1][0])
        return answer


def tracking_number(number):
    return f"PY{number:09}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--database", required=True, metavar="FILE")
    arguments = parser.parse_args()

    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8), options=[("grpc.so_reuseport", 0)])
    stubs.add_ShippingServiceServicer_to_server(Shipping(arguments.database), server)
    server.add_insecure_port(arguments.listen)
    server.start()
    print(f"serving on {arguments.listen}", file=sys.stderr, flush=True)
    signal.signal(signal.SIGTERM, lambda *_: server.stop(grace=5))
    server.wait_for_termination()


if __name__ == "__main__":
    main()
