"""One plain request that a worker has, and what is sent of its answer. Knows nothing of connections."""

from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from clustergraph.errors import ClusterGraphError
from clustergraph.runner import Answer
from clustergraph.web.attended import Attended
from clustergraph.web.cache import FAILED, Stored, head_of, variant_tag
from clustergraph.web.choice import AnswerKey, tag_of
from clustergraph.web.envelope import Envelope
from clustergraph.web.heads import head
from clustergraph.web.metrics import server_timing
from clustergraph.web.plain import Plain, nothing_more
from clustergraph.web.problems import problem_response, told
from clustergraph.web.site import SITE
from clustergraph.web.versions import Version


class Pending(NamedTuple):
    """One request.

    Shape: `data` are its bytes; `key` is None where the answer is another one each time.
    """

    version: Version
    data: bytes
    key: AnswerKey | None
    plain: Plain
    is_get: bool
    attended: Attended

    @property
    def timing(self) -> bytes:
        """The header line that tells how long what took."""
        return b"server-timing: %s\r\n" % server_timing(self.attended.phases).encode("ascii")

    def head(self, answer: Answer) -> bytes:
        """The head of an answer whose length is not known."""
        tag = tag_of(self.version.site, self.key) if self.is_get else None
        return head(self.version.site, answer, tag and variant_tag(tag, answer.coding), None)

    def kept(self, answer: Answer, body: bytes) -> bytes:
        """The head of an answer that is there as a whole, and is kept for the next who asks."""
        site = self.version.site
        tag = tag_of(site, self.key)
        if self.key is None or tag is None:
            return head(site, answer, None, len(body))
        tag = variant_tag(tag, answer.coding)
        stored = Stored(head(site, answer, tag, len(body)), body, tag.encode(), format_name=answer.format.name)
        site.answers.put((*self.key, self.plain.coding), stored)
        if not self.is_get:
            return stored.head_private
        if not self.plain.is_last:
            site.answers.put((self.data,), stored)
        return stored.head

    async def explained(self, app: Any, trouble: ClusterGraphError) -> tuple[int, bytes, bytes]:
        """The status, the header lines and the body that tell what went wrong, as the framework would tell it."""
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def explain(scope: Scope, receive: Receive, send: Send) -> None:
            await problem_response(Request(scope), told(trouble))(scope, receive, send)

        scope = self.plain.scope(app, "GET" if self.is_get else "POST")
        await Envelope(explain)({**scope, SITE: self.version.site, FAILED: True}, nothing_more, send)
        return sent[0]["status"], head_of(sent[0]["headers"]), sent[1]["body"]
