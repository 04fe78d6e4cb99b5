// What the scenario asks for: where the servers are, and its requests.

import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.Duration;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import pavane.feed.v1.FeedServiceOuterClass.Filter;
import pavane.feed.v1.FeedServiceOuterClass.SubscribeRequest;
import pavane.testing.v1.FaultServiceOuterClass.AddFaultRequest;
import pavane.workflow.v1.ExecutionServiceOuterClass.CancelExecutionRequest;
import pavane.workflow.v1.ExecutionServiceOuterClass.StartExecutionRequest;
import pavane.workflow.v1.ExecutionServiceOuterClass.WaitExecutionRequest;
import pavane.workflow.v1.ExecutionServiceOuterClass.WatchExecutionRequest;
import pavane.workflow.v1.WorkflowServiceOuterClass.DeployWorkflowRequest;
import pavane.workflow.v1.WorkflowServiceOuterClass.Descriptors;
import pavane.workflow.v1.WorkflowServiceOuterClass.Source;
import shop.common.v1.Common.Address;
import shop.common.v1.Common.OrderLine;
import shop.order.v1.OrderServiceOuterClass.PlaceOrderRequest;

final class Wishes {
  private Wishes() {}

  static String environment(String name) {
    String value = System.getenv(name);
    if (value == null) {
      throw new IllegalStateException(name + " is not set");
    }
    return value;
  }

  static DeployWorkflowRequest deploy(UnaryOperator<String> change) throws IOException {
    String text = Files.readString(Path.of(environment("INTEROP_WORKFLOW")));
    byte[] types = Files.readAllBytes(Path.of(environment("INTEROP_DESCRIPTORS")));
    Source.Builder source = Source.newBuilder().setFileName("place-order.yaml");
    return DeployWorkflowRequest.newBuilder()
        .setSource(source.setText(change.apply(text)))
        .setDescriptors(
            Descriptors.newBuilder().setFileDescriptorSet(FileDescriptorSet.parseFrom(types)))
        .build();
  }

  static String mistaken(String text) {
    return text.replace("reserve.total", "reserve.totel");
  }

  static PlaceOrderRequest order(String id) {
    return order(id, "tok-visa");
  }

  static PlaceOrderRequest order(String id, String cardToken) {
    return PlaceOrderRequest.newBuilder()
        .setOrderId(id)
        .addLines(OrderLine.newBuilder().setSku("sku-3").setQuantity(2))
        .setCardToken(cardToken)
        .setAddress(
            Address.newBuilder()
                .setRecipient("Thoinot Arbeau")
                .setStreet("12 Rue de l'Évêché")
                .setCity("Langres")
                .setPostalCode("52200")
                .setCountry("FR"))
        .build();
  }

  static StartExecutionRequest start(String id) {
    return StartExecutionRequest.newBuilder()
        .setWorkflow("place-order")
        .setExecutionId(id)
        .setInputBytes(order(id).toByteString())
        .build();
  }

  static StartExecutionRequest startByJson(String id) throws IOException {
    Struct.Builder input = Struct.newBuilder();
    JsonFormat.parser().merge(JsonFormat.printer().print(order(id)), input);
    return StartExecutionRequest.newBuilder()
        .setWorkflow("place-order")
        .setExecutionId(id)
        .setInputJson(input)
        .build();
  }

  static WaitExecutionRequest wait(String id) {
    Duration timeout = Duration.newBuilder().setSeconds(30).build();
    return WaitExecutionRequest.newBuilder().setExecutionId(id).setTimeout(timeout).build();
  }

  static WatchExecutionRequest watch(String id) {
    return WatchExecutionRequest.newBuilder().setExecutionId(id).build();
  }

  static CancelExecutionRequest cancel(String id) {
    String reason = "changed my mind: ça suffit";
    return CancelExecutionRequest.newBuilder().setExecutionId(id).setReason(reason).build();
  }

  static AddFaultRequest cardFails() {
    return AddFaultRequest.newBuilder()
        .setMethod("shop.payment.v1.PaymentService/ChargeCard")
        .setCount(1_000_000)
        .setCode(Status.Code.UNAVAILABLE.value())
        .build();
  }

  /** From the oldest event on. */
  static SubscribeRequest.Builder subscribe() {
    return SubscribeRequest.newBuilder()
        .setFeed("inventory")
        .setFilter(Filter.newBuilder().addTypes("shop.inventory.v1.*"))
        .setMaxBatchBytes(1);
  }
}
