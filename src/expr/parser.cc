#include "expr/parser.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"
#include "expr/expression.h"
#include "expr/function_table.h"
#include "expr/lexer.h"

namespace penstock::expr {
namespace {

// A bracket can add a call, a chain of each precedence and a sign.
constexpr int kHeightMax = 6 * kDepthMax;

class Parser {
 public:
  Parser(std::string_view text, size_t at, bool braced, size_t values_max)
      : lexer_(text, at), start_(at), braced_(braced), values_max_(values_max) {}

  Outcome<ParsedExpression> Run() {
    RETURN_IF_ERROR(Advance());
    ASSIGN_OR_RETURN(NodePtr root, ParseSum());
    if (braced_ ? token_.Punctuation() != '}' : token_.kind != TokenKind::kEnd) {
      if (token_.kind == TokenKind::kEnd) return Unclosed();
      return Unexpected("an operator or the end of the expression");
    }
    return ParsedExpression{std::move(root), end_, values_};
  }

 private:
  Outcome<void> Advance() {
    ASSIGN_OR_RETURN(token_, lexer_.Next(after_value_));
    end_ = lexer_.at();
    char c = token_.Punctuation();
    after_value_ =
        token_.kind != TokenKind::kPunctuation ? token_.kind != TokenKind::kEnd : c == ')';
    return {};
  }

  Failure Unclosed() const {
    return {Failure::Kind::kSyntax, start_ >= 2 ? start_ - 2 : 0, "'#{' has no closing '}'"};
  }

  Failure Unexpected(std::string_view wanted) const {
    if (token_.kind == TokenKind::kEnd && braced_) return Unclosed();
    if (token_.kind == TokenKind::kEnd) {
      return {Failure::Kind::kSyntax, token_.offset,
              fmt::format("the expression ends where {} should be", wanted)};
    }
    return {Failure::Kind::kSyntax, token_.offset,
            fmt::format("found '{}' where {} should be", token_.text, wanted)};
  }

  Failure TooDeep() const {
    return {Failure::Kind::kTooMuch, token_.offset,
            fmt::format("the expression is nested more than {} levels deep", kDepthMax)};
  }

  NodePtr Make(size_t offset, decltype(Node::data) data) {
    int height = 0;
    auto over = [&](const NodePtr& child) { height = std::max(height, child->height); };
    if (auto* call = std::get_if<CallNode>(&data)) {
      std::for_each(call->arguments.begin(), call->arguments.end(), over);
    } else if (auto* member = std::get_if<MemberNode>(&data)) {
      over(member->target);
    } else if (auto* chain = std::get_if<ChainNode>(&data)) {
      std::for_each(chain->operands.begin(), chain->operands.end(), over);
    } else if (auto* negate = std::get_if<NegateNode>(&data)) {
      over(negate->operand);
    }
    return std::make_unique<const Node>(Node{std::move(data), offset, height + 1});
  }

  // One level of left-to-right operators, kept flat.
  template <class Operand>
  Outcome<NodePtr> ParseChain(std::string_view operators, Operand operand) {
    size_t offset = token_.offset;
    ASSIGN_OR_RETURN(NodePtr first, operand());
    ChainNode chain;
    while (token_.Punctuation() != '\0' &&
           operators.find(token_.Punctuation()) != std::string_view::npos) {
      chain.operators += token_.Punctuation();
      RETURN_IF_ERROR(Advance());
      ASSIGN_OR_RETURN(NodePtr next, operand());
      chain.operands.push_back(std::move(next));
    }
    if (chain.operators.empty()) return first;
    chain.operands.insert(chain.operands.begin(), std::move(first));
    return Make(offset, std::move(chain));
  }

  Outcome<NodePtr> ParseSum() {
    if (++depth_ > kDepthMax) return TooDeep();
    auto result = ParseChain("+-", [this] { return ParseProduct(); });
    --depth_;
    return result;
  }
  Outcome<NodePtr> ParseProduct() {
    return ParseChain("*/", [this] { return ParsePower(); });
  }
  Outcome<NodePtr> ParsePower() {
    return ParseChain("^", [this] { return ParseUnary(); });
  }

  Outcome<NodePtr> ParseUnary() {
    size_t offset = token_.offset;
    bool negative = false, any = false;
    while (token_.Punctuation() == '-') {
      negative = !negative;
      any = true;
      RETURN_IF_ERROR(Advance());
    }
    ASSIGN_OR_RETURN(NodePtr operand, ParsePostfix());
    if (!any) return operand;
    // An even number of signs still demands a number.
    operand = Make(offset, NegateNode{std::move(operand)});
    return negative ? std::move(operand) : Make(offset, NegateNode{std::move(operand)});
  }

  Outcome<NodePtr> ParsePostfix() {
    ASSIGN_OR_RETURN(NodePtr node, ParsePrimary());
    while (token_.Punctuation() == '.') {
      if (node->height > kHeightMax) return TooDeep();
      RETURN_IF_ERROR(Advance());
      if (token_.kind != TokenKind::kName) return Unexpected("a name after '.'");
      Token name = token_;
      RETURN_IF_ERROR(Advance());
      if (token_.Punctuation() == '(') {
        ASSIGN_OR_RETURN(node, ParseCall(name, std::move(node)));
      } else {
        node = Make(name.offset, MemberNode{std::move(node), name.text});
      }
    }
    return node;
  }

  // The token is the opening bracket. `receiver` is the first argument of the method form.
  Outcome<NodePtr> ParseCall(const Token& name, NodePtr receiver) {
    CallNode call;
    call.function = FindFunction(name.text);
    if (call.function == nullptr) {
      return Failure{Failure::Kind::kUnknownName, name.offset, UnknownFunctionMessage(name.text)};
    }
    call.is_method = receiver != nullptr;
    if (receiver != nullptr) call.arguments.push_back(std::move(receiver));
    RETURN_IF_ERROR(Advance());
    while (token_.Punctuation() != ')') {
      ASSIGN_OR_RETURN(NodePtr argument, ParseSum());
      call.arguments.push_back(std::move(argument));
      if (token_.Punctuation() != ',' && token_.Punctuation() != ')')
        return Unexpected("',' or ')'");
      if (token_.Punctuation() == ',') {
        RETURN_IF_ERROR(Advance());
        if (token_.Punctuation() == ')') return Unexpected("an argument");
      }
    }
    RETURN_IF_ERROR(Advance());
    if (call.arguments.size() != ArgumentCount(*call.function)) {
      return Failure{
          Failure::Kind::kType, name.offset,
          fmt::format("{} takes {} argument{}, not {}", Signature(*call.function),
                      ArgumentCount(*call.function), ArgumentCount(*call.function) == 1 ? "" : "s",
                      call.arguments.size())};
    }
    return Make(name.offset, std::move(call));
  }

  Outcome<NodePtr> ParsePrimary() {
    if (++values_ > values_max_) {
      return Failure{Failure::Kind::kTooMuch, token_.offset,
                     fmt::format("the text has more than {} values", kValuesMax)};
    }
    Token token = token_;
    switch (token.kind) {
      case TokenKind::kEnd:
        return Unexpected("a value");
      case TokenKind::kString:
        RETURN_IF_ERROR(Advance());
        return Make(token.offset, Literal{std::move(token.text)});
      case TokenKind::kInteger:
      case TokenKind::kDouble: {
        RETURN_IF_ERROR(Advance());
        return ParseNumber(token);
      }
      case TokenKind::kName:
        RETURN_IF_ERROR(Advance());
        if (token_.Punctuation() == '(') return ParseCall(token, nullptr);
        return Make(token.offset, NameNode{std::move(token.text)});
      case TokenKind::kPunctuation:
        break;
    }
    if (token.Punctuation() != '(') return Unexpected("a value");
    RETURN_IF_ERROR(Advance());
    ASSIGN_OR_RETURN(NodePtr inner, ParseSum());
    if (token_.Punctuation() != ')') return Unexpected("')'");
    RETURN_IF_ERROR(Advance());
    return inner;
  }

  Outcome<NodePtr> ParseNumber(const Token& token) {
    if (token.kind == TokenKind::kInteger) {
      if (std::optional<int64_t> number = ParseInt64(token.text))
        return Make(token.offset, Literal{*number});
    } else if (std::optional<double> number = ParseDouble(token.text)) {
      return Make(token.offset, Literal{*number});
    }
    return Failure{Failure::Kind::kType, token.offset,
                   fmt::format("the number {} is out of range", token.text)};
  }

  Lexer lexer_;
  Token token_;
  size_t start_;
  size_t end_ = 0;
  bool braced_;
  size_t values_max_;
  size_t values_ = 0;
  bool after_value_ = false;
  int depth_ = 0;
};

}  // namespace

Outcome<ParsedExpression> ParseExpression(std::string_view text, size_t at, bool braced,
                                          size_t values_max) {
  return Parser(text, at, braced, values_max).Run();
}

}  // namespace penstock::expr
