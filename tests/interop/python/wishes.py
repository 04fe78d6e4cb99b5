"""What the scenario's programs ask for: its requests, which are the same however they are sent."""

import os
from pathlib import Path

from google.protobuf import descriptor_pb2, duration_pb2, json_format
from pavane.feed.v1 import feed_service_pb2 as feeds
from pavane.testing.v1 import fault_service_pb2 as faults
from pavane.workflow.v1 import execution_service_pb2 as executions
from pavane.workflow.v1 import workflow_service_pb2 as workflows
from shop.order.v1 import order_service_pb2 as orders

ORCHESTRATOR = os.environ["INTEROP_ORCHESTRATOR"]
PAYMENT = os.environ["INTEROP_PAYMENT"]
FEED = os.environ["INTEROP_FEED"]
WORKFLOW = Path(os.environ["INTEROP_WORKFLOW"])
DESCRIPTORS = Path(os.environ["INTEROP_DESCRIPTORS"])

DEADLINE_SECONDS = 0.2
UNAVAILABLE = 14


def deploy(change=lambda text: text):
    source = workflows.Source(file_name=WORKFLOW.name, text=change(WORKFLOW.read_text()))
    types = descriptor_pb2.FileDescriptorSet.FromString(DESCRIPTORS.read_bytes())
    descriptors = workflows.Descriptors(file_descriptor_set=types)
    return workflows.DeployWorkflowRequest(source=source, descriptors=descriptors)


def mistaken(text):
    return text.replace("reserve.total", "reserve.totel")


def order(order_id, card_token="tok-visa"):
    request = orders.PlaceOrderRequest(order_id=order_id, card_token=card_token)
    request.lines.add(sku="sku-3", quantity=2)
    request.address.recipient = "Thoinot Arbeau"
    request.address.street = "12 Rue de l'Évêché"
    request.address.city = "Langres"
    request.address.postal_code = "52200"
    request.address.country = "FR"
    return request


def key(order_id):
    return [("idempotency-key", order_id)]


def start(order_id):
    encoded = order(order_id).SerializeToString()
    return executions.StartExecutionRequest(
        workflow="place-order", execution_id=order_id, input_bytes=encoded
    )


def start_by_json(order_id):
    request = executions.StartExecutionRequest(workflow="place-order", execution_id=order_id)
    request.input_json.update(json_format.MessageToDict(order(order_id)))
    return request


def wait(order_id):
    timeout = duration_pb2.Duration(seconds=30)
    return executions.WaitExecutionRequest(execution_id=order_id, timeout=timeout)


def watch(order_id):
    return executions.WatchExecutionRequest(execution_id=order_id)


def cancel(order_id):
    reason = "changed my mind: ça suffit"
    return executions.CancelExecutionRequest(execution_id=order_id, reason=reason)


def card_fails():
    method = "shop.payment.v1.PaymentService/ChargeCard"
    return faults.AddFaultRequest(method=method, count=1_000_000, code=UNAVAILABLE)


def subscribe(after=None):
    wanted = feeds.Filter(types=["shop.inventory.v1.*"])
    return feeds.SubscribeRequest(feed="inventory", filter=wanted, max_batch_bytes=1, after=after)
