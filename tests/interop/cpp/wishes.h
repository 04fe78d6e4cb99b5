// What the scenario asks for: where the servers are, and its requests.

#pragma once

#include <functional>
#include <string>

#include "pavane/feed/v1/feed_service.pb.h"
#include "pavane/testing/v1/fault_service.pb.h"
#include "pavane/workflow/v1/execution_service.pb.h"
#include "pavane/workflow/v1/workflow_service.pb.h"
#include "shop/order/v1/order_service.pb.h"

namespace wishes {

// A variable of the environment. Throws if it is not set.
std::string environment(const char* name);

// The content of a file. Throws if it cannot be read.
std::string read_file(const std::string& path);

using Change = std::function<std::string(std::string)>;

// With the definition's text changed.
pavane::workflow::v1::DeployWorkflowRequest deploy(const Change& change);
std::string unchanged(std::string text);
std::string mistaken(std::string text);

shop::order::v1::PlaceOrderRequest order(const std::string& id,
                                         const std::string& card_token = "tok-visa");
pavane::workflow::v1::StartExecutionRequest start(const std::string& id);
pavane::workflow::v1::StartExecutionRequest start_by_json(const std::string& id);
pavane::workflow::v1::WaitExecutionRequest wait(const std::string& id);
pavane::workflow::v1::WatchExecutionRequest watch(const std::string& id);
pavane::workflow::v1::CancelExecutionRequest cancel(const std::string& id);
pavane::testing::v1::AddFaultRequest card_fails();
// From the oldest event on, or after a cursor.
pavane::feed::v1::SubscribeRequest subscribe(const std::string& after = "");

}  // namespace wishes
