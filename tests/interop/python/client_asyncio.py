"""The scenario (../SCENARIO.md) by grpcio with asyncio."""

import asyncio

import grpc
from pavane.feed.v1 import feed_service_pb2 as feeds
from pavane.feed.v1.feed_service_pb2_grpc import FeedServiceStub
from pavane.testing.v1 import fault_service_pb2 as faults
from pavane.testing.v1.fault_service_pb2_grpc import FaultServiceStub
from pavane.workflow.v1 import execution_service_pb2 as executions
from pavane.workflow.v1.execution_service_pb2_grpc import ExecutionServiceStub
from pavane.workflow.v1.workflow_service_pb2_grpc import WorkflowServiceStub
from shop.order.v1.order_service_pb2_grpc import OrderServiceStub

import golden
import transcript
import wishes
from transcript import say


async def main():
    async with (
        grpc.aio.insecure_channel(wishes.ORCHESTRATOR) as orchestrator,
        grpc.aio.insecure_channel(wishes.PAYMENT) as payment,
        grpc.aio.insecure_channel(wishes.FEED) as inventory,
    ):
        scenario = Scenario(orchestrator, payment, inventory)
        await scenario.deploy()
        await scenario.start_and_wait()
        await scenario.watch()
        await scenario.place()
        await scenario.start_wrongly()
        await scenario.run_out_of_time()
        await scenario.cancel()
        await scenario.follow()
    say("vectors", **golden.check())


class Scenario:
    """Its steps, in their order."""

    def __init__(self, orchestrator, payment, inventory):
        self.workflows = WorkflowServiceStub(orchestrator)
        self.executions = ExecutionServiceStub(orchestrator)
        self.orders = OrderServiceStub(orchestrator)
        self.faults = FaultServiceStub(payment)
        self.feeds = FeedServiceStub(inventory)

    async def deploy(self):
        answer = await self.workflows.DeployWorkflow(wishes.deploy())
        workflow = answer.workflow
        steps = [step.id for step in workflow.workflow.steps]
        say("deploy", workflow=workflow.name, revision=workflow.revision, steps=steps, unchanged=answer.unchanged)
        answer = await self.workflows.DeployWorkflow(wishes.deploy())
        say("deploy again", unchanged=answer.unchanged)
        error = await refused(self.workflows.DeployWorkflow(wishes.deploy(wishes.mistaken)))
        say("deploy mistake", error=transcript.failure(error), diagnostics=transcript.diagnostics(error))

    async def start_and_wait(self):
        for step in ["start", "start again"]:
            answer = await self.executions.StartExecution(wishes.start("order-1"))
            say(step, id=answer.execution.id, existing=answer.existing)
        execution = (await self.executions.WaitExecution(wishes.wait("order-1"))).execution
        output = transcript.struct(execution.output)
        say("wait", state=transcript.state(execution), output=output, steps=transcript.steps(execution))

    async def watch(self):
        await self.faults.AddFault(wishes.card_fails())
        await self.executions.StartExecution(wishes.start_by_json("order-2"))
        events = []
        async for message in self.executions.WatchExecution(wishes.watch("order-2")):
            if message.HasField("event"):
                step = transcript.completed_step(message.event)
                events.append({"type": message.event.type, "of": step})
                if step == "reserve":
                    await self.faults.ClearFaults(faults.ClearFaultsRequest())
        say("watch", events=events)

    async def place(self):
        call = self.orders.PlaceOrder(wishes.order("order-3"), metadata=wishes.key("order-3"))
        answer = await call
        say(
            "place",
            execution_id=transcript.execution_id(await call.initial_metadata()),
            order_id=answer.order_id,
            tracking_number=answer.tracking_number,
            charged={"currency": answer.charged.currency, "minor_units": answer.charged.minor_units},
        )
        again = await self.orders.PlaceOrder(wishes.order("order-3"), metadata=wishes.key("order-3"))
        say("place again", same=again == answer)
        order = wishes.order("order-4", card_token="tok-declined")
        error = await refused(self.orders.PlaceOrder(order, metadata=wishes.key("order-4")))
        execution_id = transcript.execution_id(error.trailing_metadata())
        say("place declined", execution_id=execution_id, error=transcript.failure(error))

    async def start_wrongly(self):
        malformed = executions.StartExecutionRequest(workflow="place-order", execution_id="order 5!")
        error = await refused(self.executions.StartExecution(malformed))
        say("start malformed", error=transcript.failure(error))
        unknown = executions.StartExecutionRequest(workflow="place-ordr")
        error = await refused(self.executions.StartExecution(unknown))
        say("start unknown", error=transcript.failure(error))

    async def run_out_of_time(self):
        await self.faults.AddFault(wishes.card_fails())
        await self.executions.StartExecution(wishes.start("order-5"))
        watch = self.executions.WatchExecution(wishes.watch("order-5"))
        async for message in watch:
            if transcript.completed_step(message.event) == "reserve":
                break
        watch.cancel()
        say("stop watching", code=(await ending(watch)).name)
        wait = self.executions.WaitExecution(wishes.wait("order-5"), timeout=wishes.DEADLINE_SECONDS)
        error = await refused(wait)
        request = executions.GetExecutionRequest(execution_id="order-5")
        execution = (await self.executions.GetExecution(request)).execution
        say("deadline", code=error.code().name, state=transcript.state(execution))

    async def cancel(self):
        await self.executions.CancelExecution(wishes.cancel("order-5"))
        await self.faults.ClearFaults(faults.ClearFaultsRequest())
        execution = (await self.executions.WaitExecution(wishes.wait("order-5"))).execution
        reserve = next(step for step in execution.steps if step.id == "reserve")
        say(
            "cancel",
            state=transcript.state(execution),
            cancel_reason=execution.cancel_reason,
            reserve=transcript.step_state(reserve),
        )
        error = await refused(self.executions.CancelExecution(wishes.cancel("order-5")))
        say("cancel again", error=transcript.failure(error))
        error = await refused(self.orders.PlaceOrder(wishes.order("order-5"), metadata=wishes.key("order-5")))
        say("place canceled", error=transcript.failure(error))

    async def follow(self):
        subscription = self.feeds.Subscribe(wishes.subscribe())
        events = stock_events(subscription)
        first = [await anext(events) for _ in range(3)]
        say("feed", events=[transcript.stock_event(event) for event in first])
        interrupted = await ending(subscription) != grpc.StatusCode.OK

        # The channel connects again by itself; until it has, calls wait.
        request = wishes.subscribe(after=first[-1].cursor)
        subscription = self.feeds.Subscribe(request, wait_for_ready=True)
        rest = []
        async for message in subscription:
            rest.extend(message.batch.events)
            if message.HasField("caught_up"):
                break
        rest = [transcript.stock_event(event) for event in rest]
        say("feed resumed", interrupted=interrupted, events=rest)

        await self.orders.PlaceOrder(wishes.order("order-6"), metadata=wishes.key("order-6"))
        event = await anext(stock_events(subscription))
        say("feed live", events=[transcript.stock_event(event)])
        subscription.cancel()
        say("leave feed", code=(await ending(subscription)).name)

        nonsense = self.feeds.Subscribe(feeds.SubscribeRequest(feed="inventory", after="nonsense"))
        error = await refused(anext(aiter(nonsense)))
        say("feed nonsense", error=transcript.failure(error))


async def stock_events(subscription):
    async for message in subscription:
        for event in message.batch.events:
            yield event


async def ending(call):
    """Reads a stream to its end, and gives the code that it ends with."""
    try:
        async for _ in call:
            pass
    except (grpc.RpcError, asyncio.CancelledError):
        pass
    return await call.code()


async def refused(call):
    """The error of a call that must fail."""
    try:
        answer = await call
    except grpc.RpcError as error:
        return error
    raise AssertionError(f"this was to fail: {answer}")


if __name__ == "__main__":
    asyncio.run(main())
