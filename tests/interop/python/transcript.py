"""What the scenario's programs print: a line for each step, and facts as the transcript has them.

It looks at answers and errors, and never calls anybody.
"""

import json

from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from pavane.workflow.v1 import events_pb2 as happenings
from pavane.workflow.v1 import execution_service_pb2 as executions
from pavane.workflow.v1 import workflow_service_pb2 as workflows
from shop.inventory.v1 import inventory_service_pb2 as inventory

EXECUTION_ID = "pavane-execution-id"


def say(step, **facts):
    print(json.dumps({"step": step, **facts}), flush=True)


def detail(error, kind):
    """The detail of this type of a failed call; an empty one if it has none."""
    found = kind()
    for packed in rpc_status.from_call(error).details:
        if packed.Is(kind.DESCRIPTOR):
            packed.Unpack(found)
    return found


def failure(error):
    """A failed call, as the transcript has it."""
    info = detail(error, error_details_pb2.ErrorInfo)
    request = detail(error, error_details_pb2.BadRequest)
    return {
        "code": error.code().name,
        "message": error.details(),
        "reason": info.reason,
        "domain": info.domain,
        "metadata": dict(info.metadata),
        "violations": [
            {"field": violation.field, "description": violation.description}
            for violation in request.field_violations
        ],
    }


def diagnostics(error):
    found = detail(error, workflows.CheckWorkflowResponse).diagnostics
    return [{"reason": one.reason, "line": one.line, "column": one.column} for one in found]


def execution_id(metadata):
    return next((value for name, value in metadata if name == EXECUTION_ID), None)


def struct(message):
    return json_format.MessageToDict(message)


def state(execution):
    return executions.ExecutionState.Name(execution.state)


def steps(execution):
    return [{"id": step.id, "state": step_state(step)} for step in execution.steps]


def step_state(step):
    return executions.StepState.Name(step.state)


def completed_step(event):
    """The step that the event says is completed; empty if it says something else."""
    completed = happenings.StepCompleted()
    return completed.step if event.data.Unpack(completed) else ""


def stock_event(event):
    """An event of the inventory's feed, as the transcript has it."""
    kinds = [inventory.StockReserved(), inventory.StockReleased()]
    data = next(kind for kind in kinds if event.data.Unpack(kind))
    return {
        "sequence": event.sequence,
        "type": event.type,
        "subject": event.subject,
        "order_id": data.reservation.order_id,
        "released": data.reservation.released,
    }
