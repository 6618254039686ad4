"""All mutants in one build: each change that `cargo mutants` proposes, written into the source behind a switch.

`a == b` becomes `(if active(7) { a != b } else { a == b })`, a function's body gets `if active(8) { return 0; }` before it, an arm
that may go gets a guard. So a mutant costs a run and no build, and a run also tells which switches it met at all. What cannot
stand behind a switch (in a `const`, in a chain of `if let`) is left to be built alone.

For one source file at a time; knows nothing of how it is built or judged.
"""

import dataclasses
import re

import tree_sitter
import tree_sitter_rust

PARSER = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))
ACTIVE = "::dispatch_protocol::mutant::active"


@dataclasses.dataclass(frozen=True)
class Edit:
    """Text before and behind a range of a file's bytes, for one or several mutants."""

    start: int
    end: int
    before: str
    behind: str
    numbers: tuple


class Source:
    """One file, and the mutants in it that can stand behind a switch."""

    def __init__(self, path, text, mutants):
        """`mutants`: by number, as `cargo mutants --list --json` tells them."""
        self.path, self.bytes = path, text.encode()
        self.lines = [0]
        for line in text.splitlines(keepends=True):
            self.lines.append(self.lines[-1] + len(line.encode()))
        self.text_lines = text.splitlines(keepends=True)
        self.root = PARSER.parse(self.bytes).root_node
        self.mutants = mutants
        self.alone = {number for number, mutant in mutants.items() if self._place(mutant) is None}

    def _offset(self, place):
        line = self.text_lines[place["line"] - 1]
        return self.lines[place["line"] - 1] + len(line[: place["column"] - 1].encode())

    def _range(self, mutant):
        return self._offset(mutant["span"]["start"]), self._offset(mutant["span"]["end"])

    def _cut(self, start, end):
        return self.bytes[start:end].decode()

    def _place(self, mutant):
        """The range that the mutant's switch goes around, and what stands there when it is on; None if it has none."""
        start, end = self._range(mutant)
        genre, new = mutant["genre"], mutant["replacement"]
        node = self.root.descendant_for_byte_range(start, max(start, end - 1))
        if genre == "FnValue":
            # Two returns of an `impl Trait` would have to be of one type.
            return None if "impl " in mutant["function"]["return_type"] else (start, end, new)
        if genre == "MatchArmGuard":
            return start, end, new
        if genre in ("BinaryOperator", "UnaryOperator"):
            while node and node.type not in ("binary_expression", "compound_assignment_expr", "unary_expression"):
                node = node.parent
            if node is None or (node.type == "unary_expression") != (genre == "UnaryOperator"):
                return None
            operator = node.child_by_field_name("operator") or node.children[0]
            if operator.start_byte != start:
                return None
            whole = self._cut(node.start_byte, start) + new + self._cut(operator.end_byte, node.end_byte)
            return node.start_byte, node.end_byte, whole
        if genre == "MatchArm":
            while node and node.type != "match_arm":
                node = node.parent
            pattern = node and node.child_by_field_name("pattern")
            # An arm with a guard covers nothing, so another one has to cover the rest.
            rest = [arm.child_by_field_name("pattern") for arm in (node.parent.children if node else []) if arm.type == "match_arm" and arm != node]
            if not any(re.fullmatch(rb"[a-z_]+", other.text) for other in rest):
                return None
            return pattern.start_byte, pattern.end_byte, pattern
        return None

    def edits(self, left_out):
        """The switches of all mutants but those that are left out."""
        around = {}
        for number, mutant in self.mutants.items():
            place = None if number in left_out else self._place(mutant)
            if place is None:
                continue
            start, end, new = place
            if mutant["genre"] == "FnValue":
                # Before everything else that begins here, whatever its end.
                yield Edit(start, len(self.bytes), f"if {ACTIVE}({number}) {{ return {new}; }} ", "", (number,))
            elif mutant["genre"] == "MatchArm":
                guard = new.child_by_field_name("condition")
                if guard:
                    yield Edit(guard.start_byte, guard.end_byte, f"!{ACTIVE}({number}) && (", ")", (number,))
                else:
                    yield Edit(start, end, "", f" if !{ACTIVE}({number})", (number,))
            else:
                around.setdefault((start, end), []).append((number, new))
        for (start, end), several in around.items():
            branches = " else ".join(f"if {ACTIVE}({number}) {{ {new} }}" for number, new in several)
            yield Edit(start, end, f"({branches} else {{ ", " })", tuple(number for number, _ in several))

    def render(self, left_out=frozenset()):
        """The file with its switches, and where in it which mutants' text stands: (start, end, numbers) in bytes."""
        inserted = []
        for order, edit in enumerate(self.edits(left_out)):
            # At one place: what ends there before what begins there; of ends the inner first, of beginnings the outer.
            inserted.append(((edit.start, 1, -edit.end, order), edit.before, edit.numbers))
            inserted.append(((edit.end, 0, -edit.start, -order), edit.behind, edit.numbers))
        out, at, places = bytearray(), 0, []
        for (position, *_), text, numbers in sorted(inserted, key=lambda one: one[0]):
            if not text:
                continue
            out += self.bytes[at:position]
            at = position
            places.append((len(out), len(out) + len(text.encode()), numbers))
            out += text.encode()
        out += self.bytes[at:]
        return bytes(out), places
