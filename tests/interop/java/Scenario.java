// The scenario (../SCENARIO.md) by grpc-java, one call after the other.

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import com.google.gson.JsonArray;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.concurrent.atomic.AtomicReference;
import pavane.feed.v1.EventOuterClass.Event;
import pavane.feed.v1.FeedServiceGrpc;
import pavane.feed.v1.FeedServiceGrpc.FeedServiceBlockingStub;
import pavane.feed.v1.FeedServiceOuterClass.SubscribeRequest;
import pavane.testing.v1.FaultServiceGrpc;
import pavane.testing.v1.FaultServiceGrpc.FaultServiceBlockingStub;
import pavane.testing.v1.FaultServiceOuterClass.ClearFaultsRequest;
import pavane.workflow.v1.ExecutionServiceGrpc;
import pavane.workflow.v1.ExecutionServiceGrpc.ExecutionServiceBlockingStub;
import pavane.workflow.v1.ExecutionServiceOuterClass.Execution;
import pavane.workflow.v1.ExecutionServiceOuterClass.GetExecutionRequest;
import pavane.workflow.v1.ExecutionServiceOuterClass.StartExecutionRequest;
import pavane.workflow.v1.ExecutionServiceOuterClass.StartExecutionResponse;
import pavane.workflow.v1.ExecutionServiceOuterClass.WatchExecutionResponse;
import pavane.workflow.v1.WorkflowServiceGrpc;
import pavane.workflow.v1.WorkflowServiceGrpc.WorkflowServiceBlockingStub;
import pavane.workflow.v1.WorkflowServiceOuterClass.DeployWorkflowRequest;
import pavane.workflow.v1.WorkflowServiceOuterClass.DeployWorkflowResponse;
import shop.order.v1.OrderServiceGrpc;
import shop.order.v1.OrderServiceGrpc.OrderServiceBlockingStub;
import shop.order.v1.OrderServiceOuterClass.PlaceOrderRequest;
import shop.order.v1.OrderServiceOuterClass.PlaceOrderResponse;

/** Its steps, in their order. */
public final class Scenario {
  private static final int DEADLINE_MS = 200;
  private static final Metadata.Key<String> IDEMPOTENCY_KEY =
      Metadata.Key.of("idempotency-key", Metadata.ASCII_STRING_MARSHALLER);

  private final WorkflowServiceBlockingStub workflows;
  private final ExecutionServiceBlockingStub executions;
  private final OrderServiceBlockingStub orders;
  private final FaultServiceBlockingStub faults;
  private final FeedServiceBlockingStub feeds;

  private Scenario(ManagedChannel orchestrator, ManagedChannel payment, ManagedChannel inventory) {
    workflows = WorkflowServiceGrpc.newBlockingStub(orchestrator);
    executions = ExecutionServiceGrpc.newBlockingStub(orchestrator);
    orders = OrderServiceGrpc.newBlockingStub(orchestrator);
    faults = FaultServiceGrpc.newBlockingStub(payment);
    // The channel connects again by itself; until it has, calls wait.
    feeds = FeedServiceGrpc.newBlockingStub(inventory).withWaitForReady();
  }

  public static void main(String[] arguments) throws Exception {
    ManagedChannel orchestrator = channel("INTEROP_ORCHESTRATOR");
    ManagedChannel payment = channel("INTEROP_PAYMENT");
    ManagedChannel inventory = channel("INTEROP_FEED");
    Scenario scenario = new Scenario(orchestrator, payment, inventory);
    scenario.deploy();
    scenario.startAndWait();
    scenario.watch();
    scenario.place();
    scenario.startWrongly();
    scenario.runOutOfTime();
    scenario.cancel();
    scenario.follow();
    new Golden(Path.of(Wishes.environment("INTEROP_VECTORS"))).say();
    orchestrator.shutdownNow();
    payment.shutdownNow();
    inventory.shutdownNow();
  }

  private static ManagedChannel channel(String variable) {
    String address = Wishes.environment(variable);
    return ManagedChannelBuilder.forTarget(address).usePlaintext().build();
  }

  private void deploy() throws Exception {
    DeployWorkflowRequest sound = Wishes.deploy(text -> text);
    DeployWorkflowResponse answer = workflows.deployWorkflow(sound);
    Transcript.say(
        "deploy",
        "workflow", answer.getWorkflow().getName(),
        "revision", answer.getWorkflow().getRevision(),
        "steps",
            Transcript.list(
                answer.getWorkflow().getWorkflow().getStepsList(), step -> step.getId()),
        "unchanged", answer.getUnchanged());
    answer = workflows.deployWorkflow(sound);
    Transcript.say("deploy again", "unchanged", answer.getUnchanged());
    DeployWorkflowRequest wrong = Wishes.deploy(Wishes::mistaken);
    StatusRuntimeException error = refused(() -> workflows.deployWorkflow(wrong));
    Transcript.say(
        "deploy mistake",
        "error", Transcript.failure(error),
        "diagnostics", Transcript.diagnostics(error));
  }

  private void startAndWait() throws Exception {
    for (String step : new String[] {"start", "start again"}) {
      StartExecutionResponse answer = executions.startExecution(Wishes.start("order-1"));
      Transcript.say(
          step, "id", answer.getExecution().getId(), "existing", answer.getExisting());
    }
    Execution execution = executions.waitExecution(Wishes.wait("order-1")).getExecution();
    Transcript.say(
        "wait",
        "state", execution.getState(),
        "output", Transcript.struct(execution.getOutput()),
        "steps", Transcript.steps(execution));
  }

  private void watch() throws Exception {
    cardFails();
    executions.startExecution(Wishes.startByJson("order-2"));
    Iterator<WatchExecutionResponse> watch = executions.watchExecution(Wishes.watch("order-2"));
    JsonArray events = new JsonArray();
    while (watch.hasNext()) {
      WatchExecutionResponse message = watch.next();
      if (!message.hasEvent()) {
        continue;
      }
      String step = Transcript.completedStep(message.getEvent());
      events.add(Transcript.object("type", message.getEvent().getType(), "of", step));
      if (step.equals("reserve")) {
        cardWorks();
      }
    }
    Transcript.say("watch", "events", events);
  }

  private void place() throws Exception {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    PlaceOrderResponse answer = place(Wishes.order("order-3"), headers);
    Transcript.say(
        "place",
        "execution_id", Transcript.executionId(headers.get()),
        "order_id", answer.getOrderId(),
        "tracking_number", answer.getTrackingNumber(),
        "charged",
            Transcript.object(
                "currency", answer.getCharged().getCurrency(),
                "minor_units", answer.getCharged().getMinorUnits()));
    PlaceOrderResponse again = place(Wishes.order("order-3"), headers);
    Transcript.say("place again", "same", again.equals(answer));
    PlaceOrderRequest declined = Wishes.order("order-4", "tok-declined");
    StatusRuntimeException error = refused(() -> place(declined, headers));
    Transcript.say(
        "place declined",
        "execution_id", Transcript.executionId(error.getTrailers()),
        "error", Transcript.failure(error));
  }

  private void startWrongly() throws Exception {
    StartExecutionRequest.Builder request = StartExecutionRequest.newBuilder();
    StartExecutionRequest malformed =
        request.setWorkflow("place-order").setExecutionId("order 5!").build();
    StatusRuntimeException error = refused(() -> executions.startExecution(malformed));
    Transcript.say("start malformed", "error", Transcript.failure(error));
    StartExecutionRequest unknown = request.clear().setWorkflow("place-ordr").build();
    error = refused(() -> executions.startExecution(unknown));
    Transcript.say("start unknown", "error", Transcript.failure(error));
  }

  private void runOutOfTime() throws Exception {
    cardFails();
    executions.startExecution(Wishes.start("order-5"));
    Context.CancellableContext watching = Context.current().withCancellation();
    Iterator<WatchExecutionResponse> watch =
        watching.call(() -> executions.watchExecution(Wishes.watch("order-5")));
    while (!Transcript.completedStep(watch.next().getEvent()).equals("reserve")) {
      // Until it is completed.
    }
    watching.cancel(null);
    Transcript.say("stop watching", "code", ending(watch));

    ExecutionServiceBlockingStub hurried = executions.withDeadlineAfter(DEADLINE_MS, MILLISECONDS);
    StatusRuntimeException error = refused(() -> hurried.waitExecution(Wishes.wait("order-5")));
    GetExecutionRequest request = GetExecutionRequest.newBuilder().setExecutionId("order-5").build();
    Execution execution = executions.getExecution(request).getExecution();
    Transcript.say(
        "deadline", "code", error.getStatus().getCode(), "state", execution.getState());
  }

  private void cancel() throws Exception {
    executions.cancelExecution(Wishes.cancel("order-5"));
    cardWorks();
    Execution execution = executions.waitExecution(Wishes.wait("order-5")).getExecution();
    Transcript.say(
        "cancel",
        "state", execution.getState(),
        "cancel_reason", execution.getCancelReason(),
        "reserve", Transcript.stepState(execution, "reserve"));
    StatusRuntimeException error =
        refused(() -> executions.cancelExecution(Wishes.cancel("order-5")));
    Transcript.say("cancel again", "error", Transcript.failure(error));
    error = refused(() -> place(Wishes.order("order-5"), new AtomicReference<>()));
    Transcript.say("place canceled", "error", Transcript.failure(error));
  }

  private void follow() throws Exception {
    Subscription first = new Subscription(feeds, Wishes.subscribe().build());
    JsonArray events = new JsonArray();
    Event last = null;
    while (events.size() < 3) {
      last = first.next();
      events.add(Transcript.stockEvent(last));
    }
    Transcript.say("feed", "events", events);
    boolean interrupted = ending(first.messages()) != Status.Code.OK;

    SubscribeRequest after = Wishes.subscribe().setAfter(last.getCursor()).build();
    Subscription second = new Subscription(feeds, after);
    JsonArray rest = new JsonArray();
    for (Event event : second.untilCaughtUp()) {
      rest.add(Transcript.stockEvent(event));
    }
    Transcript.say("feed resumed", "interrupted", interrupted, "events", rest);

    place(Wishes.order("order-6"), new AtomicReference<>());
    JsonArray live = new JsonArray();
    live.add(Transcript.stockEvent(second.next()));
    Transcript.say("feed live", "events", live);
    second.cancel();
    Transcript.say("leave feed", "code", ending(second.messages()));

    SubscribeRequest nonsense =
        SubscribeRequest.newBuilder().setFeed("inventory").setAfter("nonsense").build();
    StatusRuntimeException error = refused(() -> new Subscription(feeds, nonsense).next());
    Transcript.say("feed nonsense", "error", Transcript.failure(error));
  }

  /** By the idempotency key that is its id. */
  private PlaceOrderResponse place(PlaceOrderRequest order, AtomicReference<Metadata> headers) {
    Metadata key = new Metadata();
    key.put(IDEMPOTENCY_KEY, order.getOrderId());
    return orders
        .withInterceptors(
            MetadataUtils.newAttachHeadersInterceptor(key),
            MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
        .placeOrder(order);
  }

  private void cardFails() {
    faults.addFault(Wishes.cardFails());
  }

  private void cardWorks() {
    faults.clearFaults(ClearFaultsRequest.getDefaultInstance());
  }

  private interface Call {
    Object make() throws Exception;
  }

  /** The error of a call that must fail. */
  private static StatusRuntimeException refused(Call call) throws Exception {
    Object answer;
    try {
      answer = call.make();
    } catch (StatusRuntimeException error) {
      return error;
    }
    throw new IllegalStateException("this was to fail: " + answer);
  }

  /** Reads a stream to its end, and gives the code that it ends with. */
  private static Status.Code ending(Iterator<?> stream) {
    try {
      stream.forEachRemaining(message -> {});
      return Status.Code.OK;
    } catch (StatusRuntimeException error) {
      return error.getStatus().getCode();
    }
  }
}
