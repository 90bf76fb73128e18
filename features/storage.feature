@WX-STORE
Feature: Forward-only storage

  @WX-STORE-001 @MUST @since:v0
  Rule: The adapter MUST leave no message body in anything it keeps
    Source: seed, Security & Audit (message bodies remain forward-only)
    Why: What is not kept cannot leak, be subpoenaed or be mistaken for a transcript.

    Scenario: While it runs
      Given an adapter running with a context cache
      When people and AIOS have talked for a while
      Then no body is found in anything the adapter left behind

    Scenario: After an orderly stop
      Given an adapter running with a context cache
      When people and AIOS have talked for a while
      And the adapter is stopped for good
      Then no body is found in anything the adapter left behind

  @WX-STORE-002 @MUST @since:v0
  Rule: The adapter MUST leave no message body behind after failures either
    Source: seed, Error & Recovery (without transcript persistence)

    Scenario: After refusals, a crash, an outage and bad messages
      Given a running adapter
      When everything that can go wrong has gone wrong
      And the adapter is stopped for good
      Then no body is found in anything the adapter left behind

  @WX-STORE-003 @MUST @since:v0
  Rule: The adapter MUST show no body in health, recent errors, status, receipts or error messages
    Source: seed, Security & Audit (message bodies remain forward-only)

    Scenario: What is said after failures
      Given a running adapter
      When everything that can go wrong has gone wrong
      And AIOS asks for its health and its access rules
      Then no body is found in anything the adapter said, but for the events that forward it

  @WX-STORE-004 @MUST @since:v0
  Rule: The adapter MUST show neither the credential nor a context token in anything it says
    Source: seed, Security & Audit (secret-backed references)

    Scenario: What is said in an ordinary hour
      Given an adapter running with a context cache
      When people and AIOS have talked for a while
      And AIOS asks for its health and its access rules
      Then neither the credential nor a context is found in anything the adapter said

    Scenario: What is said after failures
      Given a running adapter
      When everything that can go wrong has gone wrong
      And AIOS asks for its health and its access rules
      Then neither the credential nor a context is found in anything the adapter said

  @WX-STORE-005 @MUST @since:v0
  Rule: The adapter MUST keep a body that waits for AIOS in memory alone
    Source: seed, Position in AIOS (forward-only and metadata-only persistence boundaries)

    Scenario: Killed while AIOS does not answer
      Given a running adapter
      And AIOS leaves events unanswered
      And the owner sent a text
      When the adapter is killed
      Then no body is found in anything the adapter left behind

  @WX-STORE-006 @MUST @since:v0
  Rule: The adapter MUST treat transcripts, file names and quoted texts as bodies
    Source: kit, interpretation 50

    Scenario: They are kept as little as texts are
      Given an adapter running with voice to text
      When the owner sends a voice message with a transcript
      And the owner sends a file
      And the owner sends a text that quotes an earlier one
      And AIOS asks for its health and its access rules
      And the adapter is stopped for good
      Then no body is found in anything the adapter left behind
      And no body is found in anything the adapter said, but for the events that forward it

  @WX-STORE-007 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT let what it keeps grow with the number of messages
    Source: kit, interpretation 51

    @slow
    Scenario: Four windows of equal traffic
      Given an adapter running with a dedup window of 2 seconds
      When four windows pass, each with as many messages as the first
      Then what the adapter keeps has not grown with the messages

  @WX-STORE-008 @SHOULD @since:v0
  Rule: The adapter SHOULD leave no credential in files
    Source: seed, Security & Audit (credentials SHOULD be secret-backed references)

    Scenario: After an ordinary hour
      Given an adapter running with a context cache
      When people and AIOS have talked for a while
      And the adapter is stopped for good
      Then the credential is found in nothing the adapter left behind
