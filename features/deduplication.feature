@WX-DEDUP
Feature: Deduplication

  @WX-DEDUP-001 @MUST @since:v0
  Rule: Where WeChat gives a message again within the window, the adapter MUST forward it once
    Source: kit, interpretation 14 (the seed's Policy Expectations and Error & Recovery: dedup window)
    Why: WeChat redelivers after a lost answer; AIOS must not act twice.

    Scenario: WeChat gives a message again
      Given a running adapter
      And the owner sent a text
      When WeChat gives that message again
      Then AIOS receives that message exactly once

    Scenario: WeChat gives a message twice at once
      Given a running adapter
      When the owner sends a text that WeChat gives twice at once
      Then AIOS receives that message exactly once

  @WX-DEDUP-002 @MUST @since:v0
  Rule: Where WeChat gives a message again after a restart within the window, the adapter MUST forward it once
    Source: kit, interpretation 14 (the seed's Error & Recovery: dedup window)

    Scenario: WeChat gives a message again after a restart
      Given a running adapter
      And the owner sent a text
      When the adapter is stopped and started again
      And WeChat gives that message again
      Then AIOS receives that message exactly once

  @WX-DEDUP-003 @MUST @since:v0
  Rule: The adapter MUST forward two messages with equal bodies as two messages
    Source: kit, interpretation 15
    Why: Somebody who says "yes" twice has said it twice.

    Scenario: The same words twice
      Given a running adapter
      When the owner sends the same text twice
      Then AIOS receives both messages

  @WX-DEDUP-004 @MUST @since:v0
  Rule: The adapter MUST give a redelivery the dedup key of its first delivery
    Source: aios, Channel Contract (dedup_key)

    Scenario: AIOS was unavailable
      Given a running adapter
      And AIOS is unavailable
      When the owner sends a text
      Then AIOS is offered that message again with the same dedup key

    Scenario: The adapter was killed before AIOS accepted
      Given a running adapter
      And AIOS leaves events unanswered
      And the owner sent a text
      When the adapter is killed and started again
      Then AIOS is offered that message again with the same dedup key

  @WX-DEDUP-005 @SHOULD @since:v0
  Rule: The adapter SHOULD recognise a message that WeChat gives again under a new id
    Source: kit, interpretation 35

    Scenario: A copy under a new id
      Given a running adapter
      And the owner sent a text
      When WeChat gives that message again under a new id
      Then AIOS receives that message exactly once

    Scenario: A copy under a new id after a restart
      Given a running adapter
      And the owner sent a text
      When the adapter is stopped and started again
      And WeChat gives that message again under a new id
      Then AIOS receives that message exactly once

  @WX-DEDUP-006 @MUST @since:v0
  Rule: The adapter MUST recover from a lost or damaged memory of what it has forwarded, report it, and keep no body in that memory
    Source: seed, Error & Recovery (dedup-window issues are handled without transcript persistence)

    Scenario Outline: What it keeps was damaged
      Given a running adapter
      And the owner sent a text
      When the adapter is killed, everything it keeps is <damage>, and it is started again
      And WeChat gives that message again
      And the owner sends a text
      Then AIOS takes every message, in the order they were sent
      And AIOS was offered nothing again but under the dedup key of the first time
      And the adapter reports "state_damaged" among its recent errors
      And nothing that the adapter keeps holds the text of a message

      Examples:
        | damage      |
        | cut in half |
        | overwritten |
        | removed     |

  @WX-DEDUP-007 @SHOULD @since:v0
  Rule: The adapter SHOULD count the window from the moment AIOS took the message, and forward it again when WeChat gives it twice the window later
    Source: kit, interpretation 36

    @slow
    Scenario: Within a short window
      Given an adapter running with a dedup window of 4 seconds
      And the owner sent a text
      When 1 second passes
      And WeChat gives that message again
      Then it was forwarded once, as the window was not over

    @slow
    Scenario: Within a short window that AIOS was slow to open
      Given an adapter running with a dedup window of 4 seconds
      And AIOS is unavailable
      And the owner sent a text
      When 3 seconds pass
      And AIOS is available again after the adapter tried twice
      And 2 seconds pass
      And WeChat gives that message again
      Then it was forwarded once, as the window was not over

    @slow
    Scenario: Beyond a short window
      Given an adapter running with a dedup window of 1 second
      And the owner sent a text
      When 2 seconds pass
      And WeChat gives that message again
      Then it is forwarded again, as the window is over

    @needs:virtual_time
    Scenario: Within a long window
      Given an adapter running with a dedup window of 24 hours
      And the owner sent a text
      When 23 hours pass
      And WeChat gives that message again
      Then it was forwarded once, as the window was not over

    @needs:virtual_time
    Scenario: Beyond a long window, over a restart
      Given an adapter running with a dedup window of 24 hours
      And the owner sent a text
      When 48 hours pass
      And the adapter is stopped and started again
      And WeChat gives that message again
      Then it is forwarded again, as the window is over

  @WX-DEDUP-008 @MUST @since:v0
  Rule: The adapter MUST take two messages whose ids differ only beyond double precision for two, and hand on each id digit for digit
    Source: kit, interpretation 16
    Why: WeChat's ids lie above 2^53; a JSON parser that reads them as doubles merges neighbours.

    Scenario: Neighbouring ids
      Given a running adapter
      When the owner sends two texts whose ids differ only in the last digit
      Then AIOS receives both messages
      And each message id is handed on digit for digit
