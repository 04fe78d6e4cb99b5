// What the scenario prints: a line for each step, and facts as the transcript has them. It looks at
// answers and errors, and never calls anybody.

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import pavane.feed.v1.EventOuterClass.Event;
import pavane.workflow.v1.Events.StepCompleted;
import pavane.workflow.v1.ExecutionServiceOuterClass.Execution;
import pavane.workflow.v1.WorkflowServiceOuterClass.CheckWorkflowResponse;
import shop.inventory.v1.InventoryServiceOuterClass.Reservation;
import shop.inventory.v1.InventoryServiceOuterClass.StockReleased;
import shop.inventory.v1.InventoryServiceOuterClass.StockReserved;

final class Transcript {
  private static final Metadata.Key<String> EXECUTION_ID =
      Metadata.Key.of("pavane-execution-id", Metadata.ASCII_STRING_MARSHALLER);
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);
  private static final PrintStream OUT =
      new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);

  private Transcript() {}

  /** Prints a line, at once. */
  static void say(String step, Object... facts) {
    JsonObject line = object(facts);
    line.addProperty("step", step);
    OUT.println(line);
  }

  /** Of names and values in turn. */
  static JsonObject object(Object... fields) {
    JsonObject object = new JsonObject();
    for (int at = 0; at < fields.length; at += 2) {
      object.add((String) fields[at], json(fields[at + 1]));
    }
    return object;
  }

  static <T> JsonArray list(Iterable<T> items, Function<T, Object> show) {
    JsonArray list = new JsonArray();
    items.forEach(item -> list.add(json(show.apply(item))));
    return list;
  }

  private static JsonElement json(Object value) {
    if (value instanceof JsonElement) {
      return (JsonElement) value;
    }
    if (value instanceof Number) {
      return new JsonPrimitive((Number) value);
    }
    if (value instanceof Boolean) {
      return new JsonPrimitive((Boolean) value);
    }
    return new JsonPrimitive(value.toString());
  }

  static JsonElement struct(Struct message) throws InvalidProtocolBufferException {
    return JsonParser.parseString(JsonFormat.printer().print(message));
  }

  /** A call that failed. */
  static JsonObject failure(StatusRuntimeException error) throws InvalidProtocolBufferException {
    ErrorInfo info = detail(error, ErrorInfo.class, ErrorInfo.getDefaultInstance());
    BadRequest request = detail(error, BadRequest.class, BadRequest.getDefaultInstance());
    JsonObject metadata = new JsonObject();
    info.getMetadataMap().forEach(metadata::addProperty);
    return object(
        "code", error.getStatus().getCode(),
        "message", error.getStatus().getDescription(),
        "reason", info.getReason(),
        "domain", info.getDomain(),
        "metadata", metadata,
        "violations",
            list(
                request.getFieldViolationsList(),
                one -> object("field", one.getField(), "description", one.getDescription())));
  }

  static JsonArray diagnostics(StatusRuntimeException error)
      throws InvalidProtocolBufferException {
    CheckWorkflowResponse none = CheckWorkflowResponse.getDefaultInstance();
    return list(
        detail(error, CheckWorkflowResponse.class, none).getDiagnosticsList(),
        one ->
            object(
                "reason", one.getReason(), "line", one.getLine(), "column", one.getColumn()));
  }

  /** The detail of this type, or what is to stand for it. */
  private static <T extends Message> T detail(
      StatusRuntimeException error, Class<T> type, T otherwise)
      throws InvalidProtocolBufferException {
    byte[] encoded = error.getTrailers().get(DETAILS);
    for (Any packed : com.google.rpc.Status.parseFrom(encoded).getDetailsList()) {
      if (packed.is(type)) {
        return packed.unpack(type);
      }
    }
    return otherwise;
  }

  /** From headers or trailers. */
  static String executionId(Metadata metadata) {
    return metadata.get(EXECUTION_ID);
  }

  static JsonArray steps(Execution execution) {
    return list(
        execution.getStepsList(), step -> object("id", step.getId(), "state", step.getState()));
  }

  static Object stepState(Execution execution, String id) {
    return execution.getStepsList().stream()
        .filter(step -> step.getId().equals(id))
        .findFirst()
        .orElseThrow()
        .getState();
  }

  /** The step that the event says is completed; empty if it says something else. */
  static String completedStep(Event event) throws InvalidProtocolBufferException {
    boolean isCompletion = event.getData().is(StepCompleted.class);
    return isCompletion ? event.getData().unpack(StepCompleted.class).getStep() : "";
  }

  /** An event of the inventory's feed. */
  static JsonObject stockEvent(Event event) throws InvalidProtocolBufferException {
    Any data = event.getData();
    Reservation reservation =
        data.is(StockReserved.class)
            ? data.unpack(StockReserved.class).getReservation()
            : data.unpack(StockReleased.class).getReservation();
    return object(
        "sequence", event.getSequence(),
        "type", event.getType(),
        "subject", event.getSubject(),
        "order_id", reservation.getOrderId(),
        "released", reservation.getReleased());
  }
}
