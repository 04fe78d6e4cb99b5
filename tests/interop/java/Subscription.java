// The events of a subscription, one by one.

import io.grpc.Context;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import pavane.feed.v1.EventOuterClass.Event;
import pavane.feed.v1.FeedServiceGrpc.FeedServiceBlockingStub;
import pavane.feed.v1.FeedServiceOuterClass.SubscribeRequest;
import pavane.feed.v1.FeedServiceOuterClass.SubscribeResponse;

final class Subscription {
  private final Context.CancellableContext context = Context.current().withCancellation();
  private final Iterator<SubscribeResponse> messages;
  private final Queue<Event> events = new ArrayDeque<>();
  private boolean isCaughtUp;

  Subscription(FeedServiceBlockingStub feeds, SubscribeRequest request) throws Exception {
    messages = context.call(() -> feeds.subscribe(request));
  }

  Event next() {
    while (events.isEmpty()) {
      read();
    }
    return events.remove();
  }

  /** All events up to where history ends. */
  List<Event> untilCaughtUp() {
    while (!isCaughtUp) {
      read();
    }
    List<Event> all = List.copyOf(events);
    events.clear();
    return all;
  }

  void cancel() {
    context.cancel(null);
  }

  /** What is still to be read. */
  Iterator<SubscribeResponse> messages() {
    return messages;
  }

  private void read() {
    SubscribeResponse message = messages.next();
    events.addAll(message.getBatch().getEventsList());
    isCaughtUp |= message.hasCaughtUp();
  }
}
