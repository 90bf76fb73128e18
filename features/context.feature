@WX-CTX
Feature: Context tokens

  @WX-CTX-001 @MUST @since:v0
  Rule: The adapter MUST answer with the context of the message that is answered, or with the newest context of the recipient where it keeps one, and never with another person's
    Source: kit, interpretation 40
    Why: WeChat ties an answer to a conversation by this token; another person's token delivers to the wrong reader.

    Scenario: Without a cache, an answer carries the context of the message it answers
      Given an adapter running without a context cache
      And the owner sent a text
      And the friend sent a text
      And the owner sent a text
      When AIOS answers the owner's first message
      Then the answer reached the owner in the context of the owner's first message

    @needs:virtual_time
    Scenario: Without a cache, an answer hours later does so, too
      Given an adapter running without a context cache
      And the owner sent a text
      When 3 hours pass
      And the owner sends a text
      And AIOS answers the owner's first message
      Then the answer reached the owner in the context of the owner's first message

    @needs:context_cache
    Scenario: With a cache, an answer carries the newest context of its recipient
      Given an adapter running with a context cache
      And the owner sent a text
      And the owner sent a text
      And the friend sent a text
      When AIOS answers the owner's first message
      Then the answer reached the owner in the context of the owner's last message

  @WX-CTX-002 @MUST @needs:context_cache @since:v0
  Rule: Where the configuration sets "context_cache", the adapter MUST let AIOS write first after a restart, with the newest context of the person
    Source: kit, interpretation 41 (the seed's Recommended Config Shape: config.context_cache)

    Scenario: AIOS writes first after a restart
      Given an adapter running with a context cache
      And the owner sent a text
      And the owner sent a text
      When the adapter is stopped and started again
      And AIOS writes to the owner unasked
      Then the answer reached the owner in the context of the owner's last message

    Scenario: AIOS writes first after a restart, and the person wrote again later
      Given an adapter running with a context cache
      And the owner sent a text
      When 2 seconds pass
      And the owner sends a text
      And the adapter is stopped and started again
      And AIOS writes to the owner unasked
      Then the answer reached the owner in the context of the owner's last message

    Scenario: AIOS writes first after a crash
      Given an adapter running with a context cache
      And the owner sent a text
      When the adapter is killed and started again
      And AIOS writes to the owner unasked
      Then the answer reached the owner in the context of the owner's last message

  @WX-CTX-003 @MUST @since:v0
  Rule: Without a usable context the adapter MUST reject the action as "context_unavailable" and send nothing
    Source: kit, interpretation 40

    Scenario: Without a cache, nothing can be sent unasked
      Given an adapter running without a context cache
      And the owner sent a text
      When AIOS writes to the owner unasked
      Then the action is rejected with "context_unavailable" and nothing was sent
      And an answer to the owner is delivered

    Scenario: Without a cache, a context does not outlive the process
      Given an adapter running without a context cache
      And the owner sent a text
      When the adapter is stopped and started again
      And AIOS answers the owner's first message
      Then the action is rejected with "context_unavailable" and nothing was sent
      And an answer to the owner's next message is delivered

  @WX-CTX-004 @MUST @since:v0
  Rule: After WeChat refused a context the adapter MUST soon stop using it, say so in the receipt, and go on with the person's next message
    Source: kit, interpretation 42

    Scenario: A refused context is healed by the next message
      Given a running adapter
      And the owner sent a text
      And WeChat no longer takes the owner's context
      When AIOS answers that message
      And AIOS answers that message 5 more times
      Then every one of those answers is rejected for its context
      And the refused context was used at most 4 times
      And an answer to the owner's next message is delivered

    @needs:context_cache
    Scenario: A refused context in a cache, and another person's
      Given an adapter running with a context cache
      And the friend sent a text
      And the owner sent a text
      And WeChat no longer takes the owner's context
      When AIOS answers that message
      And AIOS answers that message 5 more times
      And AIOS sends a message to the friend
      Then the refused context was used at most 4 times
      And the answer reaches the friend

  @WX-CTX-005 @SHOULD @since:v0
  Rule: Without a cache, the adapter SHOULD leave no context token in files
    Source: kit, interpretation 40

    Scenario: After an orderly stop
      Given an adapter running without a context cache
      And the owner sent a text
      And the friend sent a text
      When AIOS answers that message
      And the adapter is stopped for good
      Then no context is found in anything the adapter left behind
