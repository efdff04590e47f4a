"""A conversation with one registry as a part of one with another: who copies asks both ends."""

from __future__ import annotations

from dataclasses import replace

from ocinb.protocol.messages import Conversation, Send, T


def sent_by(send: Send, conversation: Conversation[T]) -> Conversation[T]:
    """The same conversation, each step of which `send` sends, whoever carries it on."""
    try:
        step = next(conversation)
        while True:
            try:
                response = yield replace(step, sent_by=send)
            except GeneratorExit:
                conversation.close()
                raise
            except BaseException as lost:  # a step that recovers, or probes, is told
                step = conversation.throw(lost)
            else:
                step = conversation.send(response)
    except StopIteration as over:
        result: T = over.value
        return result
