#include "expr/printer.h"

#include "expr/function_table.h"
#include "expr/value.h"

namespace penstock::expr {
namespace {

// How tightly a tree holds together; what is looser than its place gets brackets.
enum Tightness { kSum, kProduct, kPower, kSign, kPostfix };

Tightness TightnessOf(const Node& node) {
  if (const auto* chain = std::get_if<ChainNode>(&node.data)) {
    char op = chain->operators[0];
    return op == '^' ? kPower : op == '*' || op == '/' ? kProduct : kSum;
  }
  return std::holds_alternative<NegateNode>(node.data) ? kSign : kPostfix;
}

std::string Quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

void Print(const Node& node, std::string& out);

void PrintWithin(const Node& node, Tightness place, std::string& out) {
  bool brackets = TightnessOf(node) < place;
  if (brackets) out += '(';
  Print(node, out);
  if (brackets) out += ')';
}

// Before a '.', a number would swallow it.
void PrintReceiver(const Node& node, std::string& out) {
  bool number = std::holds_alternative<Literal>(node.data) &&
                !std::holds_alternative<std::string>(std::get<Literal>(node.data).value);
  if (number) out += '(';
  PrintWithin(node, kPostfix, out);
  if (number) out += ')';
}

void Print(const Node& node, std::string& out) {
  if (const auto* literal = std::get_if<Literal>(&node.data)) {
    const std::string* text = std::get_if<std::string>(&literal->value);
    out += text != nullptr
               ? Quoted(*text)
               : std::visit([](const auto& value) { return ToText(Value(value)); }, literal->value);
  } else if (const auto* name = std::get_if<NameNode>(&node.data)) {
    out += name->name;
  } else if (const auto* member = std::get_if<MemberNode>(&node.data)) {
    PrintReceiver(*member->target, out);
    out += '.';
    out += member->name;
  } else if (const auto* call = std::get_if<CallNode>(&node.data)) {
    size_t first = call->is_method ? 1 : 0;
    if (call->is_method) {
      PrintReceiver(*call->arguments[0], out);
      out += '.';
    }
    out += call->function->name;
    out += '(';
    for (size_t i = first; i < call->arguments.size(); ++i) {
      if (i > first) out += ", ";
      Print(*call->arguments[i], out);
    }
    out += ')';
  } else if (const auto* chain = std::get_if<ChainNode>(&node.data)) {
    // An operand of the same precedence was in brackets.
    Tightness inside = static_cast<Tightness>(TightnessOf(node) + 1);
    for (size_t i = 0; i < chain->operands.size(); ++i) {
      if (i > 0) (out += ' ').append(1, chain->operators[i - 1]) += ' ';
      PrintWithin(*chain->operands[i], inside, out);
    }
  } else if (const auto* negate = std::get_if<NegateNode>(&node.data)) {
    // Signs in brackets count too; the parser reads many as one or two.
    size_t signs = 1;
    const Node* operand = negate->operand.get();
    for (; std::holds_alternative<NegateNode>(operand->data); ++signs)
      operand = std::get<NegateNode>(operand->data).operand.get();
    out += signs % 2 == 0 ? "--" : "-";
    PrintWithin(*operand, kSign, out);
  }
}

}  // namespace

std::string PrintNode(const Node& node) {
  std::string out;
  Print(node, out);
  return out;
}

}  // namespace penstock::expr
