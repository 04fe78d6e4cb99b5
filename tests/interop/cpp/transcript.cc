// What the scenario prints: a line for each step, and facts as the transcript has them.

#include "transcript.h"

#include <google/protobuf/util/json_util.h>
#include <google/rpc/error_details.pb.h>

#include <iostream>
#include <stdexcept>

#include "pavane/workflow/v1/events.pb.h"
#include "pavane/workflow/v1/workflow_service.pb.h"
#include "shop/inventory/v1/inventory_service.pb.h"

namespace transcript {

namespace inventory = shop::inventory::v1;
namespace workflows = pavane::workflow::v1;

Value of(const std::string& text) {
  Value value;
  value.set_string_value(text);
  return value;
}

Value of(const char* text) { return of(std::string(text)); }

Value of(bool fact) {
  Value value;
  value.set_bool_value(fact);
  return value;
}

Value of(double number) {
  Value value;
  value.set_number_value(number);
  return value;
}

Value of(const google::protobuf::Struct& fields) {
  Value value;
  *value.mutable_struct_value() = fields;
  return value;
}

Value object(std::initializer_list<std::pair<const char*, Value>> fields) {
  Value value;
  for (const auto& [name, field] : fields) {
    (*value.mutable_struct_value()->mutable_fields())[name] = field;
  }
  return value;
}

void add(Value& list, Value element) {
  *list.mutable_list_value()->add_values() = std::move(element);
}

Value list() {
  Value value;
  value.mutable_list_value();
  return value;
}

void say(const std::string& step, std::initializer_list<std::pair<const char*, Value>> facts) {
  Value line = object(facts);
  (*line.mutable_struct_value()->mutable_fields())["step"] = of(step);
  std::string text;
  auto status = google::protobuf::util::MessageToJsonString(line, &text);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  std::cout << text << std::endl;
}

std::string code(const grpc::Status& status) {
  static const char* const names[] = {
      "OK",        "CANCELLED",           "UNKNOWN",         "INVALID_ARGUMENT",
      "DEADLINE_EXCEEDED", "NOT_FOUND",   "ALREADY_EXISTS",  "PERMISSION_DENIED",
      "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE",
      "UNIMPLEMENTED", "INTERNAL",        "UNAVAILABLE",     "DATA_LOSS",
      "UNAUTHENTICATED",
  };
  return names[status.error_code()];
}

namespace {

// The detail of this type; an empty one if there is none.
template <typename Detail>
Detail detail(const grpc::Status& status) {
  google::rpc::Status rich;
  if (!rich.ParseFromString(status.error_details())) throw std::runtime_error("malformed details");
  Detail found;
  for (const auto& packed : rich.details()) {
    if (packed.Is<Detail>() && !packed.UnpackTo(&found)) {
      throw std::runtime_error("a malformed detail");
    }
  }
  return found;
}

Value state_of(const workflows::StepStatus& step) { return of(StepState_Name(step.state())); }

}  // namespace

Value failure(const grpc::Status& status) {
  if (status.ok()) throw std::runtime_error("this was to fail");
  const auto info = detail<google::rpc::ErrorInfo>(status);
  const auto request = detail<google::rpc::BadRequest>(status);
  Value metadata = of(google::protobuf::Struct());
  for (const auto& [name, value] : info.metadata()) {
    (*metadata.mutable_struct_value()->mutable_fields())[name] = of(value);
  }
  Value violations = list();
  for (const auto& one : request.field_violations()) {
    add(violations, object({{"field", of(one.field())}, {"description", of(one.description())}}));
  }
  return object({{"code", of(code(status))},
                 {"message", of(status.error_message())},
                 {"reason", of(info.reason())},
                 {"domain", of(info.domain())},
                 {"metadata", metadata},
                 {"violations", violations}});
}

Value diagnostics(const grpc::Status& status) {
  const auto report = detail<workflows::CheckWorkflowResponse>(status);
  Value all = list();
  for (const auto& one : report.diagnostics()) {
    add(all, object({{"reason", of(one.reason())},
                     {"line", of(double(one.line()))},
                     {"column", of(double(one.column()))}}));
  }
  return all;
}

Value execution_id(const grpc::ClientContext& call) {
  for (const auto* metadata :
       {&call.GetServerInitialMetadata(), &call.GetServerTrailingMetadata()}) {
    const auto found = metadata->find("pavane-execution-id");
    if (found != metadata->end()) {
      return of(std::string(found->second.data(), found->second.size()));
    }
  }
  return Value();
}

Value state(const workflows::Execution& execution) {
  return of(ExecutionState_Name(execution.state()));
}

Value steps(const workflows::Execution& execution) {
  Value all = list();
  for (const auto& step : execution.steps()) {
    add(all, object({{"id", of(step.id())}, {"state", state_of(step)}}));
  }
  return all;
}

Value step_state(const workflows::Execution& execution, const std::string& id) {
  for (const auto& step : execution.steps()) {
    if (step.id() == id) return state_of(step);
  }
  throw std::runtime_error("there is no step " + id);
}

std::string completed_step(const pavane::feed::v1::Event& event) {
  workflows::StepCompleted completed;
  return event.data().UnpackTo(&completed) ? completed.step() : "";
}

Value stock_event(const pavane::feed::v1::Event& event) {
  inventory::StockReserved reserved;
  inventory::StockReleased released;
  inventory::Reservation reservation;
  if (event.data().UnpackTo(&reserved)) {
    reservation = reserved.reservation();
  } else if (event.data().UnpackTo(&released)) {
    reservation = released.reservation();
  } else {
    throw std::runtime_error("an event of type " + event.type());
  }
  return object({{"sequence", of(double(event.sequence()))},
                 {"type", of(event.type())},
                 {"subject", of(event.subject())},
                 {"order_id", of(reservation.order_id())},
                 {"released", of(reservation.released())}});
}

}  // namespace transcript
