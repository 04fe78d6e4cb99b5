// The golden vectors (tests/contract/vectors), by the generated messages.

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Internal;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import pavane.feed.v1.EventOuterClass;
import pavane.feed.v1.FeedServiceOuterClass;
import pavane.testing.v1.ChainServiceOuterClass;
import pavane.testing.v1.FaultServiceOuterClass;
import pavane.workflow.v1.Events;
import pavane.workflow.v1.ExecutionServiceOuterClass;
import pavane.workflow.v1.ParticipantServiceOuterClass;
import pavane.workflow.v1.TargetServiceOuterClass;
import pavane.workflow.v1.WorkflowOuterClass;
import pavane.workflow.v1.WorkflowServiceOuterClass;
import shop.common.v1.Common;
import shop.inventory.v1.InventoryServiceOuterClass;
import shop.order.v1.OrderServiceOuterClass;

final class Golden {
  /** What is generated for a .proto file, each message a class within. */
  private static final List<Class<?>> FILES =
      List.of(
          EventOuterClass.class,
          FeedServiceOuterClass.class,
          ChainServiceOuterClass.class,
          FaultServiceOuterClass.class,
          Events.class,
          ExecutionServiceOuterClass.class,
          ParticipantServiceOuterClass.class,
          TargetServiceOuterClass.class,
          WorkflowOuterClass.class,
          WorkflowServiceOuterClass.class,
          Common.class,
          InventoryServiceOuterClass.class,
          OrderServiceOuterClass.class);

  private final Map<String, Message> empty = new HashMap<>();
  private final JsonFormat.Printer printer;
  private final JsonFormat.Parser parser;
  private final Path folder;

  Golden(Path folder) throws ReflectiveOperationException {
    this.folder = folder;
    JsonFormat.TypeRegistry.Builder types = JsonFormat.TypeRegistry.newBuilder();
    for (Class<?> file : FILES) {
      FileDescriptor descriptor = (FileDescriptor) file.getMethod("getDescriptor").invoke(null);
      types.add(descriptor.getMessageTypes());
      addAll(file, descriptor.getMessageTypes());
    }
    printer = JsonFormat.printer().usingTypeRegistry(types.build());
    parser = JsonFormat.parser().usingTypeRegistry(types.build());
  }

  /** How many vectors there are, and which came out other than they are. */
  void say() throws IOException {
    JsonObject index =
        JsonParser.parseString(Files.readString(folder.resolve("index.json"))).getAsJsonObject();
    JsonArray vectors = index.getAsJsonArray("vectors");
    JsonArray wrong = new JsonArray();
    for (JsonElement element : vectors) {
      JsonObject vector = element.getAsJsonObject();
      if (!isRight(vector)) {
        wrong.add(text(vector, "message") + "/" + text(vector, "name"));
      }
    }
    Transcript.say("vectors", "count", vectors.size(), "wrong", wrong);
  }

  private boolean isRight(JsonObject vector) throws IOException {
    byte[] binary = Files.readAllBytes(folder.resolve(text(vector, "binary")));
    String json = Files.readString(folder.resolve(text(vector, "json")));
    Message type = empty.get(text(vector, "message"));
    if (type == null) {
      throw new IllegalStateException("no code is known for " + text(vector, "message"));
    }
    Message decoded = type.getParserForType().parseFrom(binary);
    Message.Builder read = type.newBuilderForType();
    parser.merge(json, read);
    return Arrays.equals(encode(decoded), binary)
        && JsonParser.parseString(printer.print(decoded)).equals(JsonParser.parseString(json))
        && Arrays.equals(encode(read.build()), binary);
  }

  /** Entries of maps in the order of their keys. */
  private static byte[] encode(Message message) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream output = CodedOutputStream.newInstance(bytes);
    output.useDeterministicSerialization();
    message.writeTo(output);
    output.flush();
    return bytes.toByteArray();
  }

  private static String text(JsonObject object, String field) {
    return object.get(field).getAsString();
  }

  private void addAll(Class<?> outer, List<Descriptor> messages) throws ClassNotFoundException {
    for (Descriptor message : messages) {
      if (message.getOptions().getMapEntry()) {
        continue;
      }
      Class<?> type = Class.forName(outer.getName() + "$" + message.getName());
      empty.put(message.getFullName(), Internal.getDefaultInstance(type.asSubclass(Message.class)));
      addAll(type, message.getNestedTypes());
    }
  }
}
