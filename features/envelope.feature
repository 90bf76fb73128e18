@WX-ENV
Feature: Dialog envelope

  @WX-ENV-001 @MUST @since:v0
  Rule: The adapter MUST give every event the required envelope fields in their shapes
    Source: aios, Channel Contract (envelope, required fields)

    Scenario: Every kind of event carries the required fields
      Given a running adapter
      When the owner sends a text
      And the friend sends a picture
      And a stranger sends a text
      Then every event carries the required envelope fields

  @WX-ENV-002 @MUST @since:v0
  Rule: The adapter MUST name the channel dialog and the target wechat in every event
    Source: seed, Position in AIOS (normalize through the canonical dialog contract)

    Scenario: Channel and target are the canonical ones
      Given a running adapter
      When the owner sends a text
      And a stranger sends a text
      Then every event names the channel "dialog" and the target "wechat"

  @WX-ENV-003 @MUST @since:v0
  Rule: The adapter MUST use only the four inbound event types
    Source: aios, Channel Adapter Contract (inbound event types)

    Scenario: Texts, pictures and denials are events of known types
      Given a running adapter
      When the owner sends a text
      And the friend sends a picture
      And a stranger sends a text
      Then every event is of one of the four inbound types

  @WX-ENV-004 @MUST @since:v0
  Rule: The adapter MUST hand on the text of a message exactly as it was sent
    Source: kit, interpretation 4
    Why: What is trimmed, normalised or decoded twice on the way is no longer what the person said.

    Scenario Outline: A text arrives character for character
      Given a running adapter
      When the owner sends <text>
      Then that message reaches AIOS with its text unchanged

      Examples:
        | text                                  |
        | a text of 16 KiB in Chinese           |
        | a text with emoji joined into one     |
        | a text with combining marks           |
        | a text from right to left             |
        | a text with blank lines and tabs      |
        | a text with zero-width characters     |
        | a text with control characters        |
        | a text that looks like code           |
        | a text with spaces at both ends       |

  @WX-ENV-005 @MUST @since:v0
  Rule: The adapter MUST number first sendings upwards within a stream, repeat an event unchanged but for its retry count, and open a new stream when it restarts
    Source: aios, Channel Contract (stream_id, seq)

    Scenario: First sendings are numbered upwards
      Given a running adapter
      When the owner sends 3 texts
      And the friend sends a text
      Then the numbers of first sendings increase within each stream

    Scenario: A repeat is identical but for its retry count
      Given a running adapter
      And AIOS is unavailable
      When the owner sends a text
      Then AIOS is offered that message again, identical but for the retry count

    Scenario: A restart opens a new stream
      Given a running adapter
      When the owner sends a text
      And the adapter is stopped and started again
      And the owner sends a text
      Then the stream of the second process is a new one

  @WX-ENV-006 @MUST @since:v0
  Rule: The adapter MUST give each event a correlation id, and what follows from it the same one
    Source: aios, Channel Contract (every event is traceable)

    Scenario: Two messages are two threads
      Given a running adapter
      When the owner sends 2 texts
      Then each of those messages has a correlation id of its own

    Scenario: A repeat keeps its correlation id
      Given a running adapter
      And AIOS is unavailable
      When the owner sends a text
      Then AIOS is offered that message again with the same correlation id

    Scenario: A receipt carries the correlation id of its action
      Given a running adapter
      And the owner sent a text
      When AIOS answers that message
      Then the receipt carries the ids of the action
      And the answer reaches the owner

  @WX-ENV-007 @MUST @since:v0
  Rule: The adapter MUST date an event about a message with the time of that message, to the second
    Source: kit, interpretation 5

    Scenario: A message written a while ago keeps its time
      Given a running adapter
      When the owner sends a text written 90 seconds ago
      Then the event is dated with the time of that message

    Scenario: A denial is dated with the time of the message
      Given a running adapter
      When a stranger sends a text written 90 seconds ago
      Then the event is dated with the time of that message

    Scenario: A message without a time is dated with its arrival
      Given a running adapter
      When the owner sends a text that bears no time
      Then the event is dated with the time at which that message arrived

  @WX-ENV-008 @MUST @since:v0
  Rule: The adapter MUST name the message and its dedup key in every event about a message
    Source: aios, Channel Adapter Contract (message_id), Channel Contract (dedup_key)

    Scenario: Forwarded and denied messages are named
      Given a running adapter
      When the owner sends a text
      And the friend sends a picture
      And a stranger sends a text
      Then every event about a message names that message and a dedup key

  @WX-ENV-009 @MUST @since:v0
  Rule: The adapter MUST hand on the messages of a conversation in the order WeChat gave them
    Source: kit, interpretation 6

    Scenario: Twelve messages at once keep their order
      Given a running adapter
      When the owner sends 12 texts at once
      Then those messages reach AIOS in the order they were sent

    Scenario: Order holds when AIOS pauses
      Given a running adapter
      And AIOS is unavailable
      When the owner sends 4 texts at once
      And AIOS is available again after the adapter tried twice
      Then those messages reach AIOS in the order they were sent

  @WX-ENV-010 @MUST @since:v0
  Rule: The adapter MUST fill the envelope so that the audit record can be derived without the body
    Source: aios, Audit and Metadata Policy (required metadata)

    Scenario: Audit records are complete
      Given a running adapter
      When the owner sends a text
      And a stranger sends a text
      Then an audit record can be derived from every event without its body

  @WX-ENV-011 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT forward the bot's own messages, unfinished drafts or recalled messages as messages
    Source: kit, interpretation 7

    Scenario Outline: What nobody said is not forwarded
      Given a running adapter
      When <item> arrives from WeChat
      Then that message is not forwarded

      Examples:
        | item                            |
        | a message of the bot itself     |
        | a draft that is still generated |
        | a recalled message              |

  @WX-ENV-012 @MUST @since:v0
  Rule: The adapter MUST send only events that are valid by the published schema
    Source: kit, interpretation 1

    Scenario: Events of every branch are valid
      Given a running adapter
      When the owner sends a text
      And the owner sends a picture
      And the friend sends a voice message with a transcript
      And the friend sends a file
      And a stranger sends a text
      Then every event is valid by the published schema

  @WX-ENV-013 @SHOULD @since:v0
  Rule: The adapter SHOULD hand on a text that contains a NUL character unchanged
    Source: kit, interpretation 4

    Scenario: A NUL character survives
      Given a running adapter
      When the owner sends a text with a NUL character
      Then that message reaches AIOS with its text unchanged
