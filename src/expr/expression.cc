#include "expr/expression.h"

#include <fmt/core.h>

#include "expr/ast.h"
#include "expr/evaluator.h"
#include "expr/list_product.h"
#include "expr/parser.h"
#include "expr/printer.h"

namespace penstock::expr {

/// Literal text, or an expression.
struct Text::Part {
  std::string literal;
  NodePtr expression;  // set: `literal` is empty
};

struct Text::Body {
  std::vector<Part> parts;
};

namespace {

void CollectNames(const Node& node, std::vector<NameUse>& out);

// A chain name.name.name is one use; what stands before the first name (a call's result) is walked
// on its own.
void CollectMember(const Node& node, std::vector<NameUse>& out) {
  std::vector<std::string> reversed;
  const Node* at = &node;
  while (const auto* member = std::get_if<MemberNode>(&at->data)) {
    reversed.push_back(member->name);
    at = member->target.get();
  }
  const auto* name = std::get_if<NameNode>(&at->data);
  if (name == nullptr) return CollectNames(*at, out);
  NameUse use{{name->name}, at->offset};
  use.path.insert(use.path.end(), reversed.rbegin(), reversed.rend());
  out.push_back(std::move(use));
}

void CollectNames(const Node& node, std::vector<NameUse>& out) {
  if (const auto* name = std::get_if<NameNode>(&node.data)) {
    out.push_back({{name->name}, node.offset});
  } else if (std::holds_alternative<MemberNode>(node.data)) {
    CollectMember(node, out);
  } else if (const auto* call = std::get_if<CallNode>(&node.data)) {
    for (const NodePtr& argument : call->arguments) CollectNames(*argument, out);
  } else if (const auto* chain = std::get_if<ChainNode>(&node.data)) {
    for (const NodePtr& operand : chain->operands) CollectNames(*operand, out);
  } else if (const auto* negate = std::get_if<NegateNode>(&node.data)) {
    CollectNames(*negate->operand, out);
  }
}

}  // namespace

Outcome<Text> Text::Parse(std::string_view text) {
  if (text.size() > kTextSizeMax) {
    return Failure{Failure::Kind::kTooMuch, kTextSizeMax, "the text is larger than 20 MiB"};
  }
  auto body = std::make_shared<Body>();
  size_t at = 0, values_left = kValuesMax;
  while (at < text.size()) {
    size_t open = text.find("#{", at);
    if (open != at) {
      body->parts.push_back({std::string(text.substr(at, open - at)), nullptr});
      if (open == std::string_view::npos) break;
    }
    ASSIGN_OR_RETURN(ParsedExpression parsed, ParseExpression(text, open + 2, true, values_left));
    values_left -= parsed.values;
    body->parts.push_back({{}, std::move(parsed.root)});
    at = parsed.end;
  }
  Text result;
  result.body_ = std::move(body);
  return result;
}

Outcome<Text> Text::ParseBare(std::string_view expression) {
  if (expression.size() > kTextSizeMax) {
    return Failure{Failure::Kind::kTooMuch, kTextSizeMax, "the text is larger than 20 MiB"};
  }
  ASSIGN_OR_RETURN(ParsedExpression parsed, ParseExpression(expression, 0, false, kValuesMax));
  auto body = std::make_shared<Body>();
  body->parts.push_back({{}, std::move(parsed.root)});
  Text result;
  result.body_ = std::move(body);
  return result;
}

Text::Text() : body_(std::make_shared<Body>()) {}

bool Text::IsLiteral() const {
  for (const Part& part : body_->parts) {
    if (part.expression != nullptr) return false;
  }
  return true;
}

bool Text::IsSingleExpression() const {
  return body_->parts.size() == 1 && body_->parts[0].expression != nullptr;
}

std::string_view Text::SingleName() const {
  if (!IsSingleExpression()) return {};
  const auto* name = std::get_if<NameNode>(&body_->parts[0].expression->data);
  return name == nullptr ? std::string_view() : name->name;
}

std::vector<NameUse> Text::Names() const {
  std::vector<NameUse> names;
  for (const Part& part : body_->parts) {
    if (part.expression != nullptr) CollectNames(*part.expression, names);
  }
  return names;
}

Outcome<Value> Text::Evaluate(Scope& scope) const {
  if (IsSingleExpression()) {
    ASSIGN_OR_RETURN(Value value, EvaluateNode(*body_->parts[0].expression, scope));
    if (value.AsList() == nullptr) return value;
    List flat;
    bool secret = value.secret;
    AppendFlat(std::move(value), flat);
    Value result(std::move(flat));
    result.secret = secret;
    return result;
  }
  std::vector<Value> pieces;
  for (const Part& part : body_->parts) {
    if (part.expression == nullptr) {
      pieces.emplace_back(part.literal);
    } else {
      ASSIGN_OR_RETURN(Value value, EvaluateNode(*part.expression, scope));
      pieces.push_back(std::move(value));
    }
  }
  return OverLists(std::move(pieces), 0, [](std::span<const Value> values) {
    std::string text;
    for (const Value& value : values) text += ToText(value);
    return Outcome<Value>(Value(std::move(text)));
  });
}

std::string Text::Print() const {
  std::string text;
  for (const Part& part : body_->parts) {
    text += part.expression == nullptr ? part.literal : "#{" + PrintNode(*part.expression) + "}";
  }
  return text;
}

}  // namespace penstock::expr
