"""`handoffs/{id}/attachments`: files given and fetched, by customers and by agents."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from tempfile import TemporaryFile
from typing import IO, Any, Final
from urllib.parse import unquote

from django.http import HttpResponseRedirect, StreamingHttpResponse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request, is_form_media_type
from rest_framework.response import Response

from handoff.api import shapes
from handoff.api.views import CustomerView, DeskView, PublicView, client_address
from handoff.attachments import actions, links, queries, storage
from handoff.attachments.kinds import BY_CONTENT_TYPE
from handoff.attachments.links import Reader
from handoff.attachments.refusals import refuse
from handoff.broker import queries as handoffs
from handoff.broker.models import Handoff
from handoff.lib.errors import DomainError
from handoff.protocol.attachment_shapes import AttachmentLink, UploadedAttachment
from handoff.realtime import limits
from handoff.staffing.models import Agent

# Marks of the server that asks before it reads: the size of what is to come, and that the asking is done.
ASKED: Final = "handoff.upload_asked"
ADMITTED: Final = "handoff.upload_admitted"
# At once and in one process, of the places that all share: a page sends one after the other, people have a few pages.
SENDING: Final = 4
# Strangers behind one address, all together.
ADDRESS_SENDING: Final = 8
NAME_HEADER: Final = "X-File-Name"
# A file is a file: no page, no script and no frame, whatever a browser takes it for.
FILE_POLICY: Final = "default-src 'none'; frame-ancestors 'none'; sandbox"
# The browser's own page around an image is drawn with styles of its own.
IMAGE_POLICY: Final = f"{FILE_POLICY}; style-src 'unsafe-inline'"

AttachmentOut = shapes.serializer_of(UploadedAttachment)
LinkOut = shapes.serializer_of(AttachmentLink)
_ID = OpenApiParameter("attachment_id", str, OpenApiParameter.PATH)
_UPLOAD: Final[dict[str, Any]] = {
    "parameters": [
        OpenApiParameter(
            NAME_HEADER, str, OpenApiParameter.HEADER, description="Of a raw body: its name, percent-encoded UTF-8."
        )
    ],
    "responses": {201: AttachmentOut},
}


class FileIn(serializers.Serializer[Any]):
    file = serializers.FileField()


_BODIES: Final = {"multipart/form-data": FileIn, "application/octet-stream": OpenApiTypes.BINARY}


class RawFileParser(BaseParser):
    """Any body that is no form is the file itself."""

    media_type = "*/*"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body in a file. Raises `attachment_too_large` and reads no further."""
        # Closed by the view, which reads it.
        file, size = TemporaryFile(), 0  # noqa: SIM115
        while part := stream.read(storage.CHUNK_BYTES):
            size += len(part)
            actions.check_size(size)
            file.write(part)
        return file


class _UploadView(PublicView):
    """POST is a file, by form or by body."""

    too_large_code = "attachment_too_large"
    parser_classes = [MultiPartParser, RawFileParser]

    @abstractmethod
    def find(self, handoff_id: str) -> tuple[Handoff, Reader, object]:
        """The handoff, who asks, and whose rate it is. Raises NotFound."""

    @abstractmethod
    def senders(self) -> list[tuple[object, int]]:
        """Who sends, and how many files each of these may be sending at once."""

    def take(self, request: Request, handoff_id: str) -> Response:
        handoff, author, rate_key = self.find(handoff_id)
        scope: Mapping[str, Any] = getattr(request._request, "scope", {})
        if ADMITTED not in scope:
            limits.UPLOADS.check(rate_key)
        if ASKED in scope:
            actions.check_room(handoff, size=scope[ASKED])
            admitted = Response(status=204)
            admitted.senders = self.senders()  # type: ignore[attr-defined]
            return admitted
        file, name, size = _read_file(request)
        try:
            uploaded = actions.take_in(handoff, author=author, name=name, file=file, size=size)
        finally:
            file.close()
        return Response(uploaded.to_wire(), status=201)

    def link(self, handoff_id: str, attachment_id: str) -> Response:
        handoff, reader, _ = self.find(handoff_id)
        found = queries.readable(attachment_id, handoff=handoff, reader=reader)
        url = links.make_link(found.public_id, reader=reader)
        return Response(AttachmentLink(url=url, expires_in=links.life_seconds()).to_wire())

    def drop(self, handoff_id: str, attachment_id: str) -> Response:
        handoff, author, _ = self.find(handoff_id)
        actions.remove(attachment_id, handoff=handoff, author=author)
        return Response(status=204)


class _OfCustomer(_UploadView, CustomerView):
    def find(self, handoff_id: str) -> tuple[Handoff, Reader, object]:
        customer = self.customer_session.customer
        handoff = handoffs.of_customer(customer, handoff_id)
        return handoff, Reader("customer", customer.public_id), ("session", self.customer_session.pk)

    def senders(self) -> list[tuple[object, int]]:
        customer = self.customer_session.customer
        own: list[tuple[object, int]] = [(("customer", customer.pk), SENDING)]
        # Anybody can be a new stranger; an address costs something.
        return own if customer.is_verified else [*own, (("address", client_address(self.request)), ADDRESS_SENDING)]


class _OfAgent(_UploadView, DeskView):
    def find(self, handoff_id: str) -> tuple[Handoff, Reader, object]:
        agent = Agent.objects.filter(user_id=self.request.user.pk or 0, user__is_active=True).first()
        if agent is None:
            raise DomainError("forbidden", "This account is no agent's.")
        handoff = queries.of_agent(agent, handoff_id, to_read=self.request.method == "GET")
        return handoff, Reader("agent", agent.public_id), ("agent", agent.pk)

    def senders(self) -> list[tuple[object, int]]:
        return [(("agent", self.request.user.pk), SENDING)]


class AttachmentsView(_OfCustomer):
    @extend_schema(request=_BODIES, **_UPLOAD)
    def post(self, request: Request, handoff_id: str) -> Response:
        """Give a file; a message sends it. What is not sent within a day is forgotten."""
        return self.take(request, handoff_id)


class AttachmentItemView(_OfCustomer):
    @extend_schema(parameters=[_ID], responses={204: None})
    def delete(self, request: Request, handoff_id: str, attachment_id: str) -> Response:
        """Take back a file that no message has sent."""
        return self.drop(handoff_id, attachment_id)


class LinkView(_OfCustomer):
    @extend_schema(parameters=[_ID], responses={200: LinkOut})
    def get(self, request: Request, handoff_id: str, attachment_id: str) -> Response:
        """An address of the file that works by itself for a minute."""
        return self.link(handoff_id, attachment_id)


class DeskAttachmentsView(_OfAgent):
    @extend_schema(request=_BODIES, **_UPLOAD)
    def post(self, request: Request, handoff_id: str) -> Response:
        """Give a file to the customer; a message sends it."""
        return self.take(request, handoff_id)


class DeskAttachmentItemView(_OfAgent):
    @extend_schema(parameters=[_ID], responses={302: None})
    def get(self, request: Request, handoff_id: str, attachment_id: str) -> HttpResponseRedirect:
        """Leads to a link for a minute: an address that may stand in the console's own pages."""
        return HttpResponseRedirect(self.link(handoff_id, attachment_id).data["url"])

    @extend_schema(parameters=[_ID], responses={204: None})
    def delete(self, request: Request, handoff_id: str, attachment_id: str) -> Response:
        """Take back a file that no message has sent."""
        return self.drop(handoff_id, attachment_id)


class DeskLinkView(_OfAgent):
    @extend_schema(parameters=[_ID], responses={200: LinkOut})
    def get(self, request: Request, handoff_id: str, attachment_id: str) -> Response:
        """An address of the file that works by itself for a minute."""
        return self.link(handoff_id, attachment_id)


class FileView(PublicView):
    """What a link leads to. The link is the credential; its reader's right is looked up anew."""

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        # Whoever shows an image asks for images, and gets what there is.
        return super().perform_content_negotiation(request, force=True)

    @extend_schema(auth=[], responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, seal: str) -> StreamingHttpResponse:
        """The file. Images are shown, everything else is only ever saved."""
        attachment_id, reader = links.read_link(seal)
        found = queries.by_reader(attachment_id, reader=reader)
        if not storage.has(found.storage_name):
            raise DomainError("not_ready", "The file cannot be read just now.")
        kind = BY_CONTENT_TYPE[found.kind]
        response = StreamingHttpResponse(storage.stream(found.storage_name), content_type=kind.content_type)
        disposition = content_disposition_header(as_attachment=not kind.is_image, filename=found.name)
        response["Content-Disposition"] = disposition or "attachment"
        response["Content-Length"] = str(found.size)
        response["Content-Security-Policy"] = IMAGE_POLICY if kind.is_image else FILE_POLICY
        response["X-Content-Type-Options"] = "nosniff"
        response["Cache-Control"] = "private, no-store"
        response["Referrer-Policy"] = "no-referrer"
        return response


def _read_file(request: Request) -> tuple[IO[bytes], str, int]:
    """The file, its name and its size. Raises `invalid_request`, `attachment_too_large`."""
    given: Any = request.data
    if not isinstance(given, Mapping):
        file: IO[bytes] = given
        return file, unquote(request.headers.get(NAME_HEADER, "")), file.seek(0, 2)
    if not is_form_media_type(request.content_type):
        raise refuse("attachment_empty")
    files = request.FILES.getlist("file")
    if len(files) != 1 or len(request.FILES) != 1:
        raise DomainError("invalid_request", "One file, under the name file.", fields={"file": "invalid"})
    [sent] = files
    return sent.file, sent.name or "", sent.size or 0
