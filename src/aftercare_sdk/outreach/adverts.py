"""What in a template advertises: blocks that say so, and variables that hold nothing else (LAW-02).

    {% coupon %}10 % off your next tea: {{ data.code }}{% endcoupon %}
    {% recommendation %}Goes well with it: {{ data.title }}{% endrecommendation %}

A block renders what stands in it. Its use is to be seen: what advertises may be sent as marketing only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TextIO

from liquid.ast import BlockNode, Node
from liquid.context import RenderContext
from liquid.parser import get_parser
from liquid.static_analysis import TemplateAnalysis
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import TOKEN_EOF, TOKEN_TAG, Token

_NAME = r"(?:coupon|discount|recommend)\w*"
"""Strings of a plugin that are for advertising; what a customer has bought or earned is `data.code`."""
_ADVERTISES = re.compile(_NAME)
_BY_FILTER = re.compile(rf"""\w+\s*:\s*(['"]){_NAME}\1""")
_TAKE_NAMES = (
    *("compact", "find", "find_index", "has", "map", "reject"),
    *("sort", "sort_natural", "sum", "uniq", "where"),
)
"""The filters that look at what stands under a name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advert:
    """Something in a template that advertises, and where it stands."""

    template: str
    locale: str
    part: str
    line: int
    what: str

    def __str__(self) -> str:
        """Return where it stands, and what it is."""
        return f"{self.template} ({self.locale}), {self.part}, line {self.line}: {self.what} advertises"


def adverts_in(used: TemplateAnalysis, source: str) -> Iterator[tuple[int, str]]:
    """Yield where in a source something advertises, as an index into it, and what.

    A name counts wherever it stands in the path of a variable: in a loop, or under another name, nobody knows
    where the path began.
    """
    for tag in BLOCKS:
        yield from ((place.index, f"{{% {tag.name} %}}") for place in used.tags.get(tag.name, ()))
    for variable in (variable for named in used.variables.values() for variable in named):
        path = [str(segment) for segment in variable.segments]
        if any(_ADVERTISES.fullmatch(segment) for segment in path):
            yield variable.span.index, ".".join(path)
    for place in (place for name in _TAKE_NAMES for place in used.filters.get(name, ())):
        if by_filter := _BY_FILTER.match(source, place.index):
            yield place.index, by_filter[0]


class _AdvertNode(Node):
    """A block in a template that says that it advertises."""

    __slots__ = ("block",)

    def __init__(self, token: Token, block: BlockNode) -> None:
        super().__init__(token)
        self.block = block
        self.blank = block.blank

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Render what stands in the block."""
        return self.block.render(context, buffer)

    def children(
        self,
        static_context: RenderContext,
        *,
        include_partials: bool = True,
    ) -> Iterable[Node]:
        """Return what stands in the block."""
        yield self.block


class _AdvertTag(Tag):
    """Reads a block up to its end."""

    def parse(self, stream: TokenStream) -> Node:
        """Return the block. Raises LiquidSyntaxError for one that does not end."""
        token = stream.eat(TOKEN_TAG)
        block = get_parser(self.env).parse_block(stream, frozenset((self.end, TOKEN_EOF)))
        stream.expect(TOKEN_TAG, value=self.end)
        return _AdvertNode(token, block)


class _Coupon(_AdvertTag):
    name = "coupon"
    end = "endcoupon"


class _Recommendation(_AdvertTag):
    name = "recommendation"
    end = "endrecommendation"


BLOCKS: tuple[type[Tag], ...] = (_Coupon, _Recommendation)
"""The tags that mark what advertises."""
