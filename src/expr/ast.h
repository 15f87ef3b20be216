// The syntax tree of one expression. Internal to expr/: users see expression.h. Chains of operators
// and of postfixes are kept flat, so that the depth of the tree is the depth of its brackets, which
// the parser bounds.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace penstock::expr {

struct Node;
using NodePtr = std::unique_ptr<const Node>;

struct Function;  // expr/function_table.h

struct Literal {
  std::variant<std::string, int64_t, double> value;
};
struct NameNode {
  std::string name;
};
/// function(arguments), method form included: the receiver is the first argument.
struct CallNode {
  const Function* function = nullptr;
  std::vector<NodePtr> arguments;
  bool is_method = false;  // how it was written, for printing
};
/// target.name
struct MemberNode {
  NodePtr target;
  std::string name;
};
/// operands[0] op[0] operands[1] op[1] …; all of one precedence: + and -, * and /, or ^ alone (from
/// the right).
struct ChainNode {
  std::vector<NodePtr> operands;
  std::string operators;
};
struct NegateNode {
  NodePtr operand;
};

struct Node {
  std::variant<Literal, NameNode, CallNode, MemberNode, ChainNode, NegateNode> data;
  size_t offset = 0;  // where it starts; of calls and members, where the name stands
  int height = 1;     // of the tree below, itself included: bounds every recursion over it
};

}  // namespace penstock::expr
