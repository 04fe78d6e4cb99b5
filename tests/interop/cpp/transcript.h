// What the scenario prints: a line for each step, and facts as the transcript has them. It looks at
// answers and errors, and never calls anybody. A line is a google.protobuf.Struct until it is printed.

#pragma once

#include <google/protobuf/struct.pb.h>
#include <google/rpc/status.pb.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/status.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "pavane/feed/v1/event.pb.h"
#include "pavane/workflow/v1/execution_service.pb.h"

namespace transcript {

using google::protobuf::Value;

Value of(const std::string& text);
Value of(const char* text);
Value of(bool fact);
Value of(double number);
Value of(const google::protobuf::Struct& fields);
Value object(std::initializer_list<std::pair<const char*, Value>> fields);
// Adds to a list, which a value becomes by the first that is added.
void add(Value& list, Value element);
Value list();

// Prints a line, at once.
void say(const std::string& step, std::initializer_list<std::pair<const char*, Value>> facts);

// The canonical name of a code.
std::string code(const grpc::Status& status);
// A call that failed. Throws if it did not.
Value failure(const grpc::Status& status);
// Of the CheckWorkflowResponse among the details.
Value diagnostics(const grpc::Status& status);

// From the headers, and of a call that failed from the trailers.
Value execution_id(const grpc::ClientContext& call);
Value state(const pavane::workflow::v1::Execution& execution);
Value steps(const pavane::workflow::v1::Execution& execution);
// Throws if there is no such step.
Value step_state(const pavane::workflow::v1::Execution& execution, const std::string& id);

// The step that the event says is completed; empty if it says something else.
std::string completed_step(const pavane::feed::v1::Event& event);
// An event of the inventory's feed.
Value stock_event(const pavane::feed::v1::Event& event);

}  // namespace transcript
