// The golden vectors (tests/contract/vectors), by the generated messages.

#include "golden.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>

#include <memory>
#include <stdexcept>

#include "wishes.h"

namespace golden {

namespace protobuf = google::protobuf;
namespace json = google::protobuf::util;

namespace {

std::unique_ptr<protobuf::Message> empty(const std::string& name) {
  const auto* type = protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(name);
  if (type == nullptr) throw std::runtime_error("no code was generated for " + name);
  const auto* prototype = protobuf::MessageFactory::generated_factory()->GetPrototype(type);
  return std::unique_ptr<protobuf::Message>(prototype->New());
}

// Entries of maps in the order of their keys.
std::string encode(const protobuf::Message& message) {
  std::string bytes;
  {
    protobuf::io::StringOutputStream stream(&bytes);
    protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&output);
  }
  return bytes;
}

protobuf::Value parse(const std::string& text) {
  protobuf::Value value;
  const auto status = json::JsonStringToMessage(text, &value);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  return value;
}

bool is_same_json(const std::string& one, const std::string& other) {
  return json::MessageDifferencer::Equals(parse(one), parse(other));
}

bool is_right(const std::string& name, const std::string& binary, const std::string& text) {
  const auto decoded = empty(name), read = empty(name);
  std::string written;
  return decoded->ParseFromString(binary) && encode(*decoded) == binary &&
         json::MessageToJsonString(*decoded, &written).ok() && is_same_json(written, text) &&
         json::JsonStringToMessage(text, read.get()).ok() && encode(*read) == binary;
}

}  // namespace

Outcome check(const std::string& folder) {
  Outcome outcome;
  const auto index = parse(wishes::read_file(folder + "/index.json"));
  const auto& vectors = index.struct_value().fields().at("vectors").list_value().values();
  for (const auto& vector : vectors) {
    const auto field = [&](const char* name) {
      return vector.struct_value().fields().at(name).string_value();
    };
    const auto file = [&](const char* name) {
      return wishes::read_file(folder + "/" + field(name));
    };
    outcome.count += 1;
    if (!is_right(field("message"), file("binary"), file("json"))) {
      outcome.wrong.push_back(field("message") + "/" + field("name"));
    }
  }
  return outcome;
}

}  // namespace golden
