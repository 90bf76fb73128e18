@WX-LIFE
Feature: Life cycle

  @WX-LIFE-001 @MUST @since:v0
  Rule: The adapter MUST end a poll that is held when it is asked to stop, and have stopped within the grace period
    Source: kit, interpretation 27

    Scenario: It is asked to stop while a poll is held
      Given a running adapter
      And the owner sent a text
      When AIOS asks the adapter to stop while a poll is held
      Then the poll has ended and the adapter has stopped within the grace period

  @WX-LIFE-002 @MUST @since:v0
  Rule: The adapter MUST end when its input ends, and leave nothing of it running
    Source: kit, interpretation 28

    Scenario: Its input ends while a poll is held
      Given a running adapter
      And the owner sent a text
      When the adapter's input ends
      Then the adapter is gone and has left nothing running

    Scenario: Its input ends while AIOS leaves an event unanswered
      Given a running adapter
      And AIOS leaves events unanswered
      And the owner sent a text
      When the adapter's input ends
      Then the adapter is gone and has left nothing running

    @control
    Scenario: Its input ends before it was started
      Given an adapter that has been greeted and not started
      When the adapter's input ends
      Then the adapter is gone and has left nothing running

  @WX-LIFE-003 @MUST @since:v0
  Rule: The adapter MUST refuse a second start, and say of a repeated stop what it said of the first
    Source: kit, interpretation 29

    Scenario: It is started twice
      Given a running adapter
      And the owner sent a text
      When AIOS starts the adapter a second time
      Then the second start is refused
      And a text from the owner reaches AIOS

    Scenario: It is stopped twice
      Given a running adapter
      And the owner sent a text
      When AIOS asks the adapter twice to stop
      Then both times the adapter says that it has stopped

  @WX-LIFE-004 @MUST @since:v0
  Rule: The adapter MUST answer a greeting in a version it does not speak with the versions it speaks
    Source: kit, interpretation 30

    @control
    Scenario: A version of the far future
      When AIOS greets a new adapter in a version that nobody speaks
      Then it answers with the versions it speaks

  @WX-LIFE-005 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT send anything after it has stopped, nor repeat at its next start what AIOS had taken
    Source: kit, interpretation 31

    Scenario: A message comes after it has stopped
      Given a running adapter
      And the owner sent a text
      When AIOS asks the adapter to stop
      And the owner sends a text
      And the adapter has had time for it
      Then nothing more comes from the adapter

    Scenario: It is stopped and started again
      Given a running adapter
      And the owner sent a text
      When the adapter is stopped and started again
      And the owner sends a text
      Then AIOS receives each message exactly once

    Scenario: AIOS takes an event at the moment of the stop
      Given a running adapter
      And AIOS leaves events unanswered
      And the owner sent a text
      When AIOS takes that event and at the same moment stops the adapter
      And the adapter is started again
      Then AIOS receives each message exactly once

  @WX-LIFE-006 @MUST @since:v0
  Rule: The adapter MUST keep its output to the protocol and nothing else
    Source: kit, interpretation 32
    Why: One friendly line of a library on the output, and the conversation is over.

    Scenario: A day with troubles
      Given a running adapter
      And AIOS refuses the next event
      And the owner sent a text
      When WeChat answers with gibberish each time the adapter polls
      And WeChat works again
      And a stranger sends a text
      And the owner sends a text
      And the adapter is stopped and started again
      Then everything on its output belonged to the protocol

  @WX-LIFE-007 @MUST @since:v0
  Rule: The adapter MUST refuse calls that come before its start, and accept a good start after a refused one
    Source: kit, interpretation 33

    Scenario Outline: AIOS comes too early
      Given an adapter that has been greeted and not started
      When AIOS comes too early with <what>
      Then <what> is refused, since the adapter is not started
      And the adapter works once it is started

      Examples:
        | what                            |
        | a message                       |
        | a question for the access rules |

    @needs:virtual_time
    Scenario: AIOS moves the clock too early
      Given an adapter that has been greeted and not started
      When AIOS comes too early with a new time
      Then a new time is refused, since the adapter is not started
      And the adapter works once it is started

    Scenario: AIOS forgets to greet
      Given an adapter that has not been greeted
      When AIOS comes too early with a start
      Then a start is refused, since the adapter is not started
      And the adapter works once it is greeted and started

    Scenario: A good start follows a refused one
      Given a configuration in which "enabled" is missing
      When AIOS starts the adapter
      Then a faultless start is accepted after the refused one
      And a text from the owner reaches AIOS

  @WX-LIFE-008 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT let an action that is still on its way delay what it says of its health, or its stop
    Source: kit, interpretation 34

    Scenario: AIOS asks how it is meanwhile
      Given a running adapter
      And the owner sent a text
      When AIOS answers that message
      And WeChat gives no answer each time the adapter sends
      And AIOS answers that message once more
      Then AIOS learns how the adapter is while the answer is still on its way

    Scenario: AIOS stops it meanwhile
      Given a running adapter
      And the owner sent a text
      When AIOS answers that message
      And WeChat gives no answer each time the adapter sends
      And AIOS answers that message once more
      Then the adapter stops within the grace period while the answer is still on its way
