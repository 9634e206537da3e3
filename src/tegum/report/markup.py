"""HTML that cannot forget to escape: text is escaped unless it was made here."""

import html
from urllib.parse import quote


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


def tag(name: str, *children: object, **attributes: object) -> Html:
    """An element with its children.

    Args:
        name: of the element, such as "td".
        children: `Html` is taken as it is; anything else is text, and escaped.
        attributes: their values are escaped. A trailing underscore is dropped, so that `class_` can be said, other
            underscores become hyphens, and None leaves the attribute out.

    Example:
        >>> tag("p", "a < b", tag("b", "!"), class_="x")
        '<p class="x">a &lt; b<b>!</b></p>'
    """
    words = "".join(
        f' {key.removesuffix("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = join(*children)
    return Html(f"<{name}{words}>" if name in _EMPTY and not inside else f"<{name}{words}>{inside}</{name}>")


def join(*children: object) -> Html:
    """Several pieces one after the other, escaped where they are not `Html`."""
    return Html("".join(child if isinstance(child, Html) else html.escape(str(child)) for child in children))


def link(path: str, *children: object) -> Html:
    """A link to a file beside the page. A path that looks like another protocol stays a path."""
    return tag("a", *children, href=quote(path))


def table(head: list[str], rows: list[Html], *, caption: str, **attributes: object) -> Html:
    """A table with a caption and with headings that say what they head."""
    headings = [tag("th", word, scope="col") for word in head]
    return tag(
        "div",
        tag(
            "table",
            tag("caption", caption),
            tag("thead", tag("tr", *headings)),
            tag("tbody", *rows),
            **attributes,
        ),
        class_="scroll",
        role="region",
        aria_label=caption,
        tabindex=0,  # so that a wide table can be scrolled with the keyboard
    )


_EMPTY = {"img", "br", "meta"}
