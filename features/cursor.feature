@WX-CURSOR
Feature: Position and recovery

  @WX-CURSOR-001 @MUST @since:v0
  Rule: The adapter MUST acknowledge a position to WeChat only after AIOS has taken what came before it
    Source: kit, interpretation 19
    Why: A poll from behind a message is the only acknowledgement WeChat knows; whoever gives it too early has nowhere to ask again.

    Scenario: AIOS is unavailable
      Given a running adapter
      And AIOS is unavailable
      When the owner sends 3 texts at once
      And AIOS is available again after the adapter tried twice
      Then no position was acknowledged before AIOS had taken what came before it

    Scenario: AIOS takes the first of three and leaves the second unanswered
      Given a running adapter
      And AIOS takes one event and leaves the next unanswered
      When the owner sends 3 texts at once
      And AIOS has left one unanswered
      And 1 second passes
      And AIOS answers what it left open
      Then no position was acknowledged before AIOS had taken what came before it
      And AIOS takes every message, in the order they were sent

  @WX-CURSOR-002 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT lose in a crash what AIOS had not taken
    Source: kit, interpretation 19

    Scenario: It is killed before AIOS answers
      Given a running adapter
      And AIOS leaves events unanswered
      And the owner sent a text
      When the adapter is killed and started again
      And AIOS answers what it left open
      Then AIOS takes every message, in the order they were sent

    Scenario: It is killed in the middle of a batch
      Given a running adapter
      And AIOS takes one event and leaves the next unanswered
      When the owner sends 4 texts at once
      And AIOS has left one unanswered
      And the adapter is killed and started again
      And AIOS answers what it left open
      Then AIOS takes every message, in the order they were sent

    Scenario: Messages come while it is gone
      Given a running adapter
      And the owner sent a text
      When the adapter is killed
      And the owner sends 2 texts
      And the adapter is started again
      Then AIOS takes every message, in the order they were sent

  @WX-CURSOR-003 @MUST @since:v0
  Rule: The adapter MUST go on from the last position after an orderly stop, and from that or an earlier one after a kill
    Source: seed, Error & Recovery (cursor issues are handled through adapter recovery rules)

    Scenario: It was stopped
      Given a running adapter
      And the owner sent a text
      When the adapter is stopped and started again
      Then its first poll goes on from the last position

    Scenario: WeChat answered a poll without a position
      Given a running adapter
      And the owner sent a text
      When WeChat answers a poll without a new position
      And the adapter is stopped and started again
      Then its first poll goes on from the last position
      And no poll went back behind an earlier one

    Scenario: It was killed
      Given a running adapter
      And the owner sent a text
      When the adapter is killed and started again
      Then its first poll goes on from the last position or an earlier one

    Scenario: It was killed over an unanswered event
      Given a running adapter
      And the owner sent a text
      And AIOS leaves events unanswered
      And the owner sent a text
      When the adapter is killed and started again
      And AIOS answers what it left open
      Then its first poll goes on from the last position or an earlier one
      And no position was acknowledged before AIOS had taken what came before it

  @WX-CURSOR-004 @MUST @since:v0
  Rule: The adapter MUST recover from a position that WeChat no longer knows without losing what follows, and report it
    Source: seed, Error & Recovery (cursor issues are handled through adapter recovery rules)

    Scenario: WeChat forgets its positions while the adapter runs
      Given a running adapter
      And the owner sent a text
      When WeChat forgets every position
      And the owner sends 2 texts
      Then AIOS takes every message, in the order they were sent
      And the adapter reports "cursor_reset" among its recent errors

    Scenario: WeChat forgets its positions while the adapter is away
      Given a running adapter
      And the owner sent a text
      When the adapter is stopped, WeChat forgets every position, and it is started again
      And the owner sends 2 texts
      Then AIOS takes every message, in the order they were sent
      And the adapter reports "cursor_reset" among its recent errors

  @WX-CURSOR-005 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT let different cursor keys share a position
    Source: kit, interpretation 20 (the seed's Recommended Config Shape: cursor_key)

    Scenario: Another key begins afresh, and the first one goes on where it was
      Given a running adapter
      And the owner sent a text
      When the adapter is stopped and started again under another cursor key
      And the owner sends a text
      And the adapter is stopped and started again under the first cursor key
      Then positions under different cursor keys stay apart

  @WX-CURSOR-006 @MUST @since:v0
  Rule: The adapter MUST keep events while AIOS is unavailable, send them again with the same dedup key, and not move its position meanwhile
    Source: kit, interpretation 19

    Scenario: Three messages wait for AIOS
      Given a running adapter
      And AIOS is unavailable
      When the owner sends 3 texts at once
      And AIOS is available again after the adapter tried 6 times
      Then AIOS takes every message, in the order they were sent
      And AIOS was offered them again under the dedup keys of the first time
      And no position was acknowledged before AIOS had taken what came before it

    Scenario: Messages go on coming while AIOS is unavailable
      Given a running adapter
      And the owner sent a text
      And AIOS is unavailable
      When the friend sends a text
      And the owner sends 2 texts
      And AIOS is available again after the adapter tried twice
      Then AIOS takes every message, in the order they were sent
      And AIOS was offered them again under the dedup keys of the first time

  @WX-CURSOR-007 @MUST @since:v0
  Rule: The adapter MUST go on over damaged or missing state, report it, and forward again only under the dedup key of the first time
    Source: kit, interpretation 21

    Scenario Outline: What it keeps was damaged while it was away
      Given a running adapter
      And the owner sent a text
      When the adapter is stopped, everything it keeps is <damage>, and it is started again
      And the owner sends 2 texts
      Then AIOS takes every message, in the order they were sent
      And AIOS was offered nothing again but under the dedup key of the first time
      And the adapter reports "state_damaged" among its recent errors

      Examples:
        | damage      |
        | cut in half |
        | overwritten |
        | removed     |

  @WX-CURSOR-008 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT send again what AIOS refuses, nor let it hold up what follows, and reports it
    Source: kit, interpretation 22

    Scenario: AIOS refuses the first of three
      Given a running adapter
      And AIOS refuses the next event
      When the owner sends 3 texts at once
      Then the refused message was offered once, and nothing else was held up
      And the adapter reports "event_refused" among its recent errors

    Scenario: WeChat gives a refused message again after a restart
      Given a running adapter
      And AIOS refuses the next event
      And the owner sent a text
      When the adapter is stopped and started again
      And WeChat gives that message again
      Then the refused message was offered once, and nothing else was held up
