@WX-OUT
Feature: Outbound actions

  @WX-OUT-001 @MUST @since:v0
  Rule: The adapter MUST take the four outbound types, and refuse any other with a reason
    Source: aios, Channel Adapter Contract (outbound action types)

    Scenario: A message reaches its recipient
      Given a running adapter
      And the owner sent a text
      When AIOS answers that message
      Then the answer reaches the owner

    Scenario: An error reaches its recipient as text
      Given a running adapter
      And the owner sent a text
      When AIOS answers that message with an error
      Then the answer reaches the owner

    Scenario: A status makes no message
      Given a running adapter
      And the owner sent a text
      When AIOS tells the owner that it is working
      Then the action is applied and nothing was sent
      And an answer to the owner is delivered

    Scenario: An approval request is delivered or refused with a reason
      Given an adapter running with a context cache
      And the owner sent a text
      When AIOS asks for approval
      Then the request reaches the owner word for word, or is rejected as unsupported where it is not claimed
      And an answer to the owner is delivered

    Scenario: A tool call is refused
      Given a running adapter
      And the owner sent a text
      When AIOS sends an action of a type that does not exist
      Then the action is refused with a pointer to the fault and nothing was sent
      And an answer to the owner is delivered

  @WX-OUT-002 @MUST @since:v0
  Rule: Where the configuration sets "message_chunk_limit", the adapter MUST send a longer text in chunks that are in order, within the limit, joined equal the text, and split no grapheme cluster that fits in one
    Source: kit, interpretation 43 (the seed's Recommended Config Shape: config.message_chunk_limit)

    Scenario Outline: A long text is cut into chunks
      Given an adapter running with a limit of 40 characters a message
      And the owner sent a text
      When AIOS answers that message with <text>
      Then the owner reads the whole text in chunks within the limit

      Examples:
        | text                                    |
        | a text of 200 letters                   |
        | a text of 150 Chinese characters        |
        | a text of emoji joined into ones        |
        | a text of letters with combining marks  |
        | a text of lines and spaces              |
        | a text of letters under 100 marks each  |

  @WX-OUT-003 @MUST @since:v0
  Rule: The adapter MUST say in the receipt what WeChat did
    Source: kit, interpretation 44

    Scenario: Every chunk is counted and named
      Given an adapter running with a limit of 40 characters a message
      And the owner sent a text
      When AIOS answers that message with a text of 200 letters
      Then the receipt counts and names what the owner received

    Scenario: A text that WeChat refuses is not delivered
      Given a running adapter
      And the owner sent a text
      And WeChat refuses the next message
      When AIOS answers that message
      Then the receipt does not say that the answer was delivered
      And an answer to the owner is delivered

    Scenario: A text that WeChat's server fails to take is not delivered
      Given a running adapter
      And the owner sent a text
      And WeChat refuses the next message with a failure of its server
      When AIOS answers that message
      Then the receipt does not say that the answer was delivered
      And an answer to the owner is delivered

    Scenario: A text that WeChat hangs up on is not refused
      Given a running adapter
      And the owner sent a text
      And WeChat hangs up on the next message
      When AIOS answers that message
      Then the receipt says that WeChat was unreachable, or that the answer was delivered after all
      And an answer to the owner is delivered

    Scenario: A message that WeChat took without a name is counted and not named
      Given a running adapter
      And the owner sent a text
      And WeChat takes the next message and gives it no id
      When AIOS answers that message
      Then the receipt counts what the owner received and names nothing

  @WX-OUT-004 @MUST @since:v0
  Rule: The adapter MUST send an action once, however often AIOS repeats it
    Source: aios, Channel Contract (at-least-once delivery, receiver idempotency)

    Scenario: AIOS repeats a delivered action
      Given a running adapter
      And the owner sent a text
      When AIOS answers that message
      And AIOS repeats the action
      Then the owner reads the answer once, and both receipts say that it was delivered

    Scenario: AIOS repeats an action whose answer was lost
      Given a running adapter
      And the owner sent a text
      And WeChat takes the next message and its answer is lost
      When AIOS answers that message
      And AIOS repeats the action
      Then the owner reads the answer once

    Scenario: AIOS repeats an action that WeChat refused
      Given a running adapter
      And the owner sent a text
      And WeChat refuses the next message
      When AIOS answers that message
      And AIOS repeats the action
      Then the owner reads the answer once

    Scenario: AIOS repeats an action that went out in part
      Given an adapter running with a limit of 40 characters a message
      And the owner sent a text
      And WeChat refuses every message from the third on
      When AIOS answers that message with a text of 200 letters
      And WeChat works again
      And AIOS repeats the action
      Then the owner has read each part of the text once

    Scenario: AIOS repeats an action after a restart
      Given an adapter running with a context cache
      And the owner sent a text
      When AIOS answers that message
      And the adapter is stopped and started again
      And AIOS repeats the action
      Then the owner reads the answer once

    Scenario: AIOS repeats an earlier action when WeChat would not take it
      Given a running adapter
      And the owner sent a text
      When AIOS answers that message
      And AIOS answers that message 1 more times
      And WeChat is out of order each time the adapter sends
      And AIOS repeats its first action
      Then the owner reads the answer once, and both receipts say that it was delivered

    Scenario: AIOS repeats an action after a restart when WeChat would not take it
      Given an adapter running with a context cache
      And the owner sent a text
      When AIOS answers that message
      And the adapter is stopped and started again
      And WeChat is out of order each time the adapter sends
      And AIOS repeats the action
      Then the owner reads the answer once, and both receipts say that it was delivered

    @needs:pairing
    Scenario: AIOS repeats an action that was refused for a reason which has gone
      Given an adapter running with pairing
      And the friend sent a text
      When AIOS sends a message to the friend
      And AIOS approves the friend
      And AIOS repeats its first action
      Then both receipts refuse it for the same reason and nothing was sent
      And an answer to the owner's next message is delivered

  @WX-OUT-005 @MUST @since:v0
  Rule: The adapter MUST take a refusal for a refusal, in whatever shape WeChat gives it
    Source: kit, interpretation 45
    Why: The most reported failure of adapters in the field: an error inside a successful answer is taken for success, and the reply is lost.

    Scenario Outline: A refusal is reported
      Given a running adapter
      And the owner sent a text
      And WeChat refuses the next message <shape>
      When AIOS answers that message
      Then the receipt does not say that the answer was delivered
      And an answer to the owner is delivered

      Examples:
        | shape                             |
        | with both of its error codes      |
        | with its first error code only    |
        | with its second error code only   |
        | with an empty answer              |
        | with an answer that is a web page |

  @WX-OUT-006 @SHOULD @since:v0
  Rule: Under a rate limit the adapter SHOULD deliver soon, or say in the receipt when to try again
    Source: kit, interpretation 46

    Scenario: WeChat limits the rate for a moment
      Given a running adapter
      And the owner sent a text
      And WeChat limits the rate of the next message
      When AIOS answers that message
      Then within 20 seconds the answer was delivered once, or is reported as limited with a time to try again
      And an answer to the owner is delivered

  @WX-OUT-007 @MUST @needs:approval_request @since:v0
  Rule: The adapter MUST bring an approval request to the owner as a message, and never answer it itself
    Source: aios, Channel Adapter Contract (approval_request)

    Scenario: The owner is asked and answers
      Given an adapter running with a context cache
      And the owner sent a text
      When AIOS asks for approval
      And the owner sends a text
      Then the request reached the owner word for word
      And AIOS received nothing but the owner's own messages

  @WX-OUT-008 @MUST @since:v0
  Rule: The adapter MUST refuse an action that breaks the contract, point to the fault, and send nothing
    Source: kit, interpretation 1

    Scenario Outline: An action with a fault is refused
      Given a running adapter
      And the owner sent a text
      When AIOS sends an action in which <fault>
      Then the action is refused with a pointer to the fault and nothing was sent
      And an answer to the owner is delivered

      Examples:
        | fault                             |
        | the text is missing               |
        | the text is a number              |
        | the recipient is missing          |
        | an unknown word stands beside it  |
        | the target is another channel     |
        | the workspace is another's        |
        | the agent is another              |
        | the message id is empty           |

  @WX-OUT-009 @MUST @since:v0
  Rule: The adapter MUST report a failure in the middle of the chunks as partial, with how many went out
    Source: kit, interpretation 44

    Scenario: WeChat refuses the third of five chunks
      Given an adapter running with a limit of 40 characters a message
      And the owner sent a text
      And WeChat refuses every message from the third on
      When AIOS answers that message with a text of 200 letters
      Then the receipt says that a part was delivered and counts it
