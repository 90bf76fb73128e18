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

  @WX-DEDUP-008 @MUST @since:v0
  Rule: The adapter MUST take two messages whose ids differ only beyond double precision for two, and hand on each id digit for digit
    Source: kit, interpretation 16
    Why: WeChat's ids lie above 2^53; a JSON parser that reads them as doubles merges neighbours.

    Scenario: Neighbouring ids
      Given a running adapter
      When the owner sends two texts whose ids differ only in the last digit
      Then AIOS receives both messages
      And each message id is handed on digit for digit
