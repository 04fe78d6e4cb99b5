// The scenario (../SCENARIO.md) by grpc++, one call after the other.

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <iostream>
#include <memory>
#include <stdexcept>

#include "golden.h"
#include "pavane/feed/v1/feed_service.grpc.pb.h"
#include "pavane/testing/v1/fault_service.grpc.pb.h"
#include "pavane/workflow/v1/execution_service.grpc.pb.h"
#include "pavane/workflow/v1/workflow_service.grpc.pb.h"
#include "shop/order/v1/order_service.grpc.pb.h"
#include "transcript.h"
#include "wishes.h"

namespace {

namespace feeds = pavane::feed::v1;
namespace orders = shop::order::v1;
namespace testing = pavane::testing::v1;
namespace workflows = pavane::workflow::v1;

using grpc::ClientContext;
using grpc::Status;
using transcript::add;
using transcript::list;
using transcript::object;
using transcript::of;
using transcript::say;
using transcript::Value;

constexpr auto DEADLINE = std::chrono::milliseconds(200);

std::shared_ptr<grpc::Channel> channel(const char* variable) {
  return grpc::CreateChannel(wishes::environment(variable), grpc::InsecureChannelCredentials());
}

void must(const Status& status) {
  if (!status.ok()) throw std::runtime_error(status.error_message());
}

// Calls a unary method that must answer.
template <typename Answer, typename Stub, typename Method, typename Request>
Answer call(Stub& stub, Method method, const Request& request) {
  ClientContext context;
  Answer answer;
  must((stub.*method)(&context, request, &answer));
  return answer;
}

// The same, of one that may fail.
template <typename Answer, typename Stub, typename Method, typename Request>
Status attempt(Stub& stub, Method method, const Request& request) {
  ClientContext context;
  Answer answer;
  return (stub.*method)(&context, request, &answer);
}

// Reads a stream to its end, and gives what it ends with.
template <typename Message>
Status ending(grpc::ClientReader<Message>& reader) {
  Message message;
  while (reader.Read(&message)) {
  }
  return reader.Finish();
}

// The events of a subscription, one by one.
class Subscription {
 public:
  Subscription(feeds::FeedService::Stub& stub, const feeds::SubscribeRequest& request) {
    // The channel connects again by itself; until it has, calls wait.
    context_.set_wait_for_ready(true);
    reader_ = stub.Subscribe(&context_, request);
  }

  feeds::Event next() {
    while (events_.empty()) {
      if (!read()) throw std::runtime_error(reader_->Finish().error_message());
    }
    const auto event = events_.front();
    events_.pop_front();
    return event;
  }

  // All events up to where history ends.
  std::deque<feeds::Event> until_caught_up() {
    while (!is_caught_up_) {
      if (!read()) throw std::runtime_error(reader_->Finish().error_message());
    }
    return std::move(events_);
  }

  void cancel() { context_.TryCancel(); }
  Status end() { return ending(*reader_); }

 private:
  bool read() {
    feeds::SubscribeResponse message;
    if (!reader_->Read(&message)) return false;
    for (const auto& event : message.batch().events()) events_.push_back(event);
    is_caught_up_ = is_caught_up_ || message.has_caught_up();
    return true;
  }

  ClientContext context_;
  std::unique_ptr<grpc::ClientReader<feeds::SubscribeResponse>> reader_;
  std::deque<feeds::Event> events_;
  bool is_caught_up_ = false;
};

// Its steps, in their order.
class Scenario {
 public:
  Scenario()
      : workflows_(channel("INTEROP_ORCHESTRATOR")),
        executions_(channel("INTEROP_ORCHESTRATOR")),
        orders_(channel("INTEROP_ORCHESTRATOR")),
        faults_(channel("INTEROP_PAYMENT")),
        feeds_(channel("INTEROP_FEED")) {}

  void deploy() {
    const auto sound = wishes::deploy(wishes::unchanged);
    const auto deploy = &workflows::WorkflowService::Stub::DeployWorkflow;
    auto answer = call<workflows::DeployWorkflowResponse>(workflows_, deploy, sound);
    Value steps = list();
    for (const auto& step : answer.workflow().workflow().steps()) add(steps, of(step.id()));
    say("deploy", {{"workflow", of(answer.workflow().name())},
                   {"revision", of(answer.workflow().revision())},
                   {"steps", steps},
                   {"unchanged", of(answer.unchanged())}});
    answer = call<workflows::DeployWorkflowResponse>(workflows_, deploy, sound);
    say("deploy again", {{"unchanged", of(answer.unchanged())}});
    const auto wrong = wishes::deploy(wishes::mistaken);
    const auto status = attempt<workflows::DeployWorkflowResponse>(workflows_, deploy, wrong);
    say("deploy mistake", {{"error", transcript::failure(status)},
                           {"diagnostics", transcript::diagnostics(status)}});
  }

  void start_and_wait() {
    for (const char* step : {"start", "start again"}) {
      const auto answer = start(wishes::start("order-1"));
      say(step, {{"id", of(answer.execution().id())}, {"existing", of(answer.existing())}});
    }
    const auto execution = wait("order-1");
    say("wait", {{"state", transcript::state(execution)},
                 {"output", of(execution.output())},
                 {"steps", transcript::steps(execution)}});
  }

  void watch() {
    card_fails();
    start(wishes::start_by_json("order-2"));
    ClientContext context;
    const auto watch = executions_.WatchExecution(&context, wishes::watch("order-2"));
    Value events = list();
    workflows::WatchExecutionResponse message;
    while (watch->Read(&message)) {
      if (!message.has_event()) continue;
      const auto step = transcript::completed_step(message.event());
      add(events, object({{"type", of(message.event().type())}, {"of", of(step)}}));
      if (step == "reserve") card_works();
    }
    must(watch->Finish());
    say("watch", {{"events", events}});
  }

  void place() {
    ClientContext context;
    orders::PlaceOrderResponse answer, again;
    must(place(context, wishes::order("order-3"), answer));
    const auto& charged = answer.charged();
    say("place", {{"execution_id", transcript::execution_id(context)},
                  {"order_id", of(answer.order_id())},
                  {"tracking_number", of(answer.tracking_number())},
                  {"charged", object({{"currency", of(charged.currency())},
                                      {"minor_units", of(double(charged.minor_units()))}})}});
    ClientContext second;
    must(place(second, wishes::order("order-3"), again));
    const bool same = again.SerializeAsString() == answer.SerializeAsString();
    say("place again", {{"same", of(same)}});
    ClientContext third;
    const auto status = place(third, wishes::order("order-4", "tok-declined"), answer);
    say("place declined", {{"execution_id", transcript::execution_id(third)},
                           {"error", transcript::failure(status)}});
  }

  void start_wrongly() {
    const auto start = &workflows::ExecutionService::Stub::StartExecution;
    workflows::StartExecutionRequest malformed, unknown;
    malformed.set_workflow("place-order");
    malformed.set_execution_id("order 5!");
    auto status = attempt<workflows::StartExecutionResponse>(executions_, start, malformed);
    say("start malformed", {{"error", transcript::failure(status)}});
    unknown.set_workflow("place-ordr");
    status = attempt<workflows::StartExecutionResponse>(executions_, start, unknown);
    say("start unknown", {{"error", transcript::failure(status)}});
  }

  void run_out_of_time() {
    card_fails();
    start(wishes::start("order-5"));
    ClientContext watching;
    const auto watch = executions_.WatchExecution(&watching, wishes::watch("order-5"));
    workflows::WatchExecutionResponse message;
    while (watch->Read(&message)) {
      if (transcript::completed_step(message.event()) == "reserve") break;
    }
    watching.TryCancel();
    say("stop watching", {{"code", of(transcript::code(ending(*watch)))}});

    ClientContext hurried;
    hurried.set_deadline(std::chrono::system_clock::now() + DEADLINE);
    workflows::WaitExecutionResponse late;
    const auto status = executions_.WaitExecution(&hurried, wishes::wait("order-5"), &late);
    workflows::GetExecutionRequest request;
    request.set_execution_id("order-5");
    const auto answer = call<workflows::GetExecutionResponse>(
        executions_, &workflows::ExecutionService::Stub::GetExecution, request);
    say("deadline", {{"code", of(transcript::code(status))},
                     {"state", transcript::state(answer.execution())}});
  }

  void cancel() {
    const auto cancel = &workflows::ExecutionService::Stub::CancelExecution;
    const auto wish = wishes::cancel("order-5");
    call<workflows::CancelExecutionResponse>(executions_, cancel, wish);
    card_works();
    const auto execution = wait("order-5");
    say("cancel", {{"state", transcript::state(execution)},
                   {"cancel_reason", of(execution.cancel_reason())},
                   {"reserve", transcript::step_state(execution, "reserve")}});
    const auto status = attempt<workflows::CancelExecutionResponse>(executions_, cancel, wish);
    say("cancel again", {{"error", transcript::failure(status)}});
    ClientContext context;
    orders::PlaceOrderResponse answer;
    const auto refused = place(context, wishes::order("order-5"), answer);
    say("place canceled", {{"error", transcript::failure(refused)}});
  }

  void follow() {
    Subscription first(feeds_, wishes::subscribe());
    Value events = list();
    std::string cursor;
    for (int heard = 0; heard < 3; heard++) {
      const auto event = first.next();
      add(events, transcript::stock_event(event));
      cursor = event.cursor();
    }
    say("feed", {{"events", events}});
    const bool interrupted = !first.end().ok();

    Subscription second(feeds_, wishes::subscribe(cursor));
    Value rest = list();
    for (const auto& event : second.until_caught_up()) add(rest, transcript::stock_event(event));
    say("feed resumed", {{"interrupted", of(interrupted)}, {"events", rest}});

    ClientContext context;
    orders::PlaceOrderResponse answer;
    must(place(context, wishes::order("order-6"), answer));
    Value live = list();
    add(live, transcript::stock_event(second.next()));
    say("feed live", {{"events", live}});
    second.cancel();
    say("leave feed", {{"code", of(transcript::code(second.end()))}});

    feeds::SubscribeRequest nonsense;
    nonsense.set_feed("inventory");
    nonsense.set_after("nonsense");
    const auto status = Subscription(feeds_, nonsense).end();
    say("feed nonsense", {{"error", transcript::failure(status)}});
  }

 private:
  workflows::StartExecutionResponse start(const workflows::StartExecutionRequest& request) {
    return call<workflows::StartExecutionResponse>(
        executions_, &workflows::ExecutionService::Stub::StartExecution, request);
  }

  workflows::Execution wait(const std::string& id) {
    return call<workflows::WaitExecutionResponse>(
               executions_, &workflows::ExecutionService::Stub::WaitExecution, wishes::wait(id))
        .execution();
  }

  Status place(ClientContext& context, const orders::PlaceOrderRequest& order,
               orders::PlaceOrderResponse& answer) {
    context.AddMetadata("idempotency-key", order.order_id());
    return orders_.PlaceOrder(&context, order, &answer);
  }

  void card_fails() {
    call<testing::AddFaultResponse>(faults_, &testing::FaultService::Stub::AddFault,
                                    wishes::card_fails());
  }

  void card_works() {
    call<testing::ClearFaultsResponse>(faults_, &testing::FaultService::Stub::ClearFaults,
                                       testing::ClearFaultsRequest());
  }

  workflows::WorkflowService::Stub workflows_;
  workflows::ExecutionService::Stub executions_;
  orders::OrderService::Stub orders_;
  testing::FaultService::Stub faults_;
  feeds::FeedService::Stub feeds_;
};

void run() {
  Scenario scenario;
  scenario.deploy();
  scenario.start_and_wait();
  scenario.watch();
  scenario.place();
  scenario.start_wrongly();
  scenario.run_out_of_time();
  scenario.cancel();
  scenario.follow();
  const auto vectors = golden::check(wishes::environment("INTEROP_VECTORS"));
  Value wrong = list();
  for (const auto& name : vectors.wrong) add(wrong, of(name));
  say("vectors", {{"count", of(double(vectors.count))}, {"wrong", wrong}});
}

}  // namespace

int main() {
  try {
    run();
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
    return 1;
  }
  return 0;
}
