// The language of updates: UpdateExpression.
#include <fmt/core.h>

#include <array>
#include <set>

#include "base/text.h"
#include "local/dynamodb/expression_reader.h"

namespace penstock::dynamodb {

namespace {

using UpdateKind = Expression::Kind;

constexpr std::array kUpdateOrder = {Mistake::kReservedWord, Mistake::kUnknownFunction,
                                     Mistake::kSection,      Mistake::kPlaceholder,
                                     Mistake::kPathOverlap,  Mistake::kPathConflict,
                                     Mistake::kOperandType,  Mistake::kFunctionOperand};

class UpdateParser : private ExpressionReader {
 public:
  UpdateParser(std::string_view text, Placeholders& placeholders)
      : ExpressionReader(text, placeholders) {}

  Parsed<ParsedUpdate> Parse() {
    RETURN_IF_ERROR(CheckSize());
    ParsedUpdate update;
    std::set<std::string, std::less<>> seen;
    if (AtEnd()) return Unexpected();
    while (!AtEnd()) {
      std::string section = AsciiUpper(Peek().text);
      if (Peek().kind != Token::Kind::kIdentifier) return Unexpected();
      if (section != "SET" && section != "REMOVE" && section != "ADD" && section != "DELETE") {
        return Unexpected();
      }
      ++at_;
      if (!seen.insert(section).second) {
        Note(Mistake::kSection,
             fmt::format("The \"{}\" section can only be used once in an update expression;",
                         section));
      }
      do {
        ASSIGN_OR_RETURN(UpdateAction action, Action(section));
        update.actions.push_back(std::move(action));
      } while (TakeSymbol(","));
    }
    RETURN_IF_ERROR(Report(kUpdateOrder));
    return update;
  }

 private:
  Parsed<UpdateAction> Action(std::string_view section) {
    UpdateAction action;
    ASSIGN_OR_RETURN(action.path, Path());
    NoteClash(paths_, action.path);
    paths_.push_back(action.path);
    ++operators_;
    if (section == "REMOVE") {
      action.kind = UpdateAction::Kind::kRemove;
      return action;
    }
    if (section == "SET") {
      if (!TakeSymbol("=")) return Unexpected();
      ASSIGN_OR_RETURN(action.operand, SetValue());
      return action;
    }
    action.kind = section == "ADD" ? UpdateAction::Kind::kAdd : UpdateAction::Kind::kDelete;
    if (Peek().kind != Token::Kind::kValuePlaceholder) return Unexpected();
    action.operand = Value(Take());
    CheckSectionOperand(section, action.operand);
    return action;
  }

  void CheckSectionOperand(std::string_view section, const Expression& operand) {
    auto type = LiteralType(operand);
    if (!type) return;
    static constexpr std::pair<AttributeType, std::string_view> kNames[] = {
        {AttributeType::kString, "STRING"},   {AttributeType::kNumber, "NUMBER"},
        {AttributeType::kBinary, "BINARY"},   {AttributeType::kNull, "NULL"},
        {AttributeType::kBoolean, "BOOLEAN"}, {AttributeType::kList, "LIST"},
        {AttributeType::kMap, "MAP"},
    };
    if (section == "ADD" && *type == AttributeType::kNumber) return;
    for (const auto& [bad, name] : kNames) {
      if (bad == *type) {
        Note(Mistake::kOperandType,
             fmt::format(
                 "Incorrect operand type for operator or function; operator: {}, operand type: {}",
                 section, name));
      }
    }
  }

  Parsed<Expression> SetValue() {
    ASSIGN_OR_RETURN(Expression first, SetOperand());
    UpdateKind kind = UpdateKind::kValue;
    if (TakeSymbol("+")) kind = UpdateKind::kPlus;
    if (kind == UpdateKind::kValue && TakeSymbol("-")) kind = UpdateKind::kMinus;
    if (kind == UpdateKind::kValue) return first;
    ++operators_;
    ASSIGN_OR_RETURN(Expression second, SetOperand());
    std::vector<Expression> arguments;
    arguments.push_back(std::move(first));
    arguments.push_back(std::move(second));
    for (const Expression& argument : arguments) {
      auto type = LiteralType(argument);
      if (argument.kind == UpdateKind::kListAppend) type = AttributeType::kList;
      if (type && *type != AttributeType::kNumber) NoteOperandType(KindName(kind), TypeName(*type));
    }
    return Expression::Of(kind, std::move(arguments));
  }

  Parsed<Expression> SetOperand() {
    Depth depth(depth_);
    if (depth_ > kDepthMax) return Unexpected();
    if (TakeSymbol("(")) {
      ASSIGN_OR_RETURN(Expression inner, SetValue());
      if (!TakeSymbol(")")) return Unexpected();
      return inner;
    }
    if (Peek().kind == Token::Kind::kValuePlaceholder) return Value(Take());
    if (PeekFunction()) return SetFunction();
    ASSIGN_OR_RETURN(DocumentPath path, Path());
    return Expression::Path(std::move(path));
  }

  Parsed<Expression> SetFunction() {
    std::string_view name = Peek().text;
    at_ += 2;
    ++operators_;
    std::vector<Expression> arguments;
    do {
      ASSIGN_OR_RETURN(Expression argument, SetOperand());
      arguments.push_back(std::move(argument));
    } while (TakeSymbol(","));
    if (!TakeSymbol(")")) return Unexpected();
    bool if_not_exists = name == "if_not_exists";
    if (!if_not_exists && name != "list_append") {
      Note(Mistake::kUnknownFunction, fmt::format("Invalid function name; function: {}", name));
      return Expression::Of(UpdateKind::kUnknownFunction, std::move(arguments));
    }
    if (arguments.size() != 2) {
      NoteOperandCount(Mistake::kFunctionOperand, name, arguments.size());
    } else if (if_not_exists && arguments[0].kind != UpdateKind::kPath) {
      Note(Mistake::kFunctionOperand,
           fmt::format("Operator or function requires a document path; operator or function: {}",
                       name));
    } else if (!if_not_exists) {
      for (const Expression& argument : arguments) {
        auto type = LiteralType(argument);
        if (type && *type != AttributeType::kList) NoteOperandType(name, TypeName(*type));
      }
    }
    return Expression::Of(if_not_exists ? UpdateKind::kIfNotExists : UpdateKind::kListAppend,
                          std::move(arguments));
  }
};

}  // namespace

Result<ParsedUpdate, std::string> ParseUpdate(std::string_view text, Placeholders& placeholders) {
  return UpdateParser(text, placeholders).Parse();
}

}  // namespace penstock::dynamodb
