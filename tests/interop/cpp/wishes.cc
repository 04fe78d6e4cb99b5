// What the scenario asks for: where the servers are, and its requests.

#include "wishes.h"

#include <google/protobuf/util/json_util.h>
#include <grpcpp/support/status.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace wishes {

namespace json = google::protobuf::util;
namespace feeds = pavane::feed::v1;
namespace workflows = pavane::workflow::v1;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path + " cannot be read");
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

workflows::DeployWorkflowRequest deploy(const Change& change) {
  workflows::DeployWorkflowRequest request;
  request.mutable_source()->set_file_name("place-order.yaml");
  request.mutable_source()->set_text(change(read_file(environment("INTEROP_WORKFLOW"))));
  auto* types = request.mutable_descriptors()->mutable_file_descriptor_set();
  if (!types->ParseFromString(read_file(environment("INTEROP_DESCRIPTORS")))) {
    throw std::runtime_error("the descriptors are malformed");
  }
  return request;
}

std::string unchanged(std::string text) { return text; }

std::string mistaken(std::string text) {
  const std::string right = "reserve.total", wrong = "reserve.totel";
  for (size_t at = text.find(right); at != std::string::npos; at = text.find(right, at)) {
    text.replace(at, right.size(), wrong);
  }
  return text;
}

shop::order::v1::PlaceOrderRequest order(const std::string& id, const std::string& card_token) {
  shop::order::v1::PlaceOrderRequest request;
  request.set_order_id(id);
  auto* line = request.add_lines();
  line->set_sku("sku-3");
  line->set_quantity(2);
  request.set_card_token(card_token);
  auto* address = request.mutable_address();
  address->set_recipient("Thoinot Arbeau");
  address->set_street("12 Rue de l'Évêché");
  address->set_city("Langres");
  address->set_postal_code("52200");
  address->set_country("FR");
  return request;
}

workflows::StartExecutionRequest start(const std::string& id) {
  workflows::StartExecutionRequest request;
  request.set_workflow("place-order");
  request.set_execution_id(id);
  request.set_input_bytes(order(id).SerializeAsString());
  return request;
}

workflows::StartExecutionRequest start_by_json(const std::string& id) {
  workflows::StartExecutionRequest request;
  request.set_workflow("place-order");
  request.set_execution_id(id);
  std::string text;
  auto status = json::MessageToJsonString(order(id), &text);
  if (status.ok()) status = json::JsonStringToMessage(text, request.mutable_input_json());
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return request;
}

workflows::WaitExecutionRequest wait(const std::string& id) {
  workflows::WaitExecutionRequest request;
  request.set_execution_id(id);
  request.mutable_timeout()->set_seconds(30);
  return request;
}

workflows::WatchExecutionRequest watch(const std::string& id) {
  workflows::WatchExecutionRequest request;
  request.set_execution_id(id);
  return request;
}

workflows::CancelExecutionRequest cancel(const std::string& id) {
  workflows::CancelExecutionRequest request;
  request.set_execution_id(id);
  request.set_reason("changed my mind: ça suffit");
  return request;
}

pavane::testing::v1::AddFaultRequest card_fails() {
  pavane::testing::v1::AddFaultRequest request;
  request.set_method("shop.payment.v1.PaymentService/ChargeCard");
  request.set_count(1'000'000);
  request.set_code(grpc::StatusCode::UNAVAILABLE);
  return request;
}

feeds::SubscribeRequest subscribe(const std::string& after) {
  feeds::SubscribeRequest request;
  request.set_feed("inventory");
  request.mutable_filter()->add_types("shop.inventory.v1.*");
  request.set_max_batch_bytes(1);
  if (!after.empty()) request.set_after(after);
  return request;
}

}  // namespace wishes
