@WX-ACCESS
Feature: Access

  @WX-ACCESS-001 @MUST @since:v0
  Rule: Where the configuration sets "owner_only", the adapter MUST forward the owner's messages and nobody else's, whatever the allowlist
    Source: kit, interpretation 10 (the seed's Policy Expectations: owner_only)

    Scenario: The allowlist does not open an owner-only channel
      Given an adapter running for the owner only, with the friend on its allowlist
      When the friend sends a text
      And the owner sends a text
      Then only the owner's message is forwarded

  @WX-ACCESS-002 @MUST @since:v0
  Rule: Without "owner_only", the adapter MUST admit the owner and the people on the allowlist, and nobody else
    Source: kit, interpretation 10 (the seed's Terminology: owner model)

    Scenario: Owner and friend are admitted, a stranger is not
      Given a running adapter
      When the owner sends a text
      And the friend sends a text
      And a stranger sends a text
      Then the owner's and the friend's messages are forwarded, the stranger's is not

  @WX-ACCESS-003 @MUST @since:v0
  Rule: The adapter MUST admit the owner alone if the allowlist is empty or missing
    Source: kit, interpretation 10

    Scenario Outline: No allowlist admits the owner alone
      Given an adapter running with <allowlist>
      When a stranger sends a text
      And the owner sends a text
      Then only the owner's message is forwarded

      Examples:
        | allowlist          |
        | an empty allowlist |
        | no allowlist       |

  @WX-ACCESS-004 @MUST @since:v0
  Rule: The adapter MUST compare ids exactly
    Source: kit, interpretation 10
    Why: An id that is folded, trimmed or matched by its beginning lets a look-alike in.

    Scenario Outline: A look-alike of the owner is a stranger
      Given a running adapter
      When somebody whose id is <likeness> sends a text
      Then that message is reported as denied and its body goes nowhere

      Examples:
        | likeness                                       |
        | the owner's in capitals                        |
        | the owner's with a space behind it             |
        | the beginning of the owner's                   |
        | the owner's with one more letter               |
        | the owner's with a Cyrillic letter for a Latin |

  @WX-ACCESS-005 @MUST @since:v0
  Rule: The adapter MUST report a denied message as metadata, its body going nowhere
    Source: kit, interpretation 11 (the seed's Security & Audit)

    Scenario: A stranger's text is reported without its body
      Given a running adapter
      When a stranger sends a text
      Then that message is reported as denied and its body goes nowhere

    Scenario: A stranger's file is reported without its name
      Given a running adapter
      When a stranger sends a file
      Then that message is reported as denied and its body goes nowhere

  @WX-ACCESS-006 @MUST @since:v0
  Rule: The adapter MUST show the owner, allowlist and policy in force, and they match the configuration it was started with
    Source: seed, Security & Audit (owner and allowlist remain auditable as configuration state)

    Scenario: The access rules can be read back
      Given a running adapter
      Then the adapter shows the owner, the allowlist and the policy it was given

    Scenario: Access rules with every policy set can be read back
      Given an adapter running for the owner only, with the friend on its allowlist
      Then the adapter shows the owner, the allowlist and the policy it was given

  @WX-ACCESS-007 @MUST @since:v0
  Rule: The adapter MUST refuse an action towards somebody who is not admitted
    Source: kit, interpretation 12

    Scenario: A message to a stranger is refused
      Given a running adapter
      And the owner sent a text
      And a stranger sent a text
      When AIOS sends a message to the stranger
      Then the action is rejected with "access_denied" and nothing reaches the stranger
      And an answer to the owner is delivered

  @WX-ACCESS-008 @MUST @needs:pairing @since:v0
  Rule: Where the configuration sets "pairing_required", the adapter MUST hold and report an unpaired sender once, and forward after approval, also over a restart
    Source: kit, interpretation 18 (the seed's Policy Expectations: pairing_required)

    Scenario: An unpaired friend is reported once
      Given an adapter running with pairing
      When the friend sends 3 texts
      Then the friend is reported as unpaired once and nothing of it is forwarded

    Scenario: An approved friend gets through
      Given an adapter running with pairing
      And the friend sent a text
      When AIOS approves the friend
      And the friend sends a text
      Then the friend's last message is forwarded, the first is not

    Scenario: Approval outlives a restart
      Given an adapter running with pairing
      And the friend sent a text
      When AIOS approves the friend
      And the adapter is killed and started again
      And the friend sends a text
      Then the friend's last message is forwarded, the first is not

    Scenario: A denied friend stays outside
      Given an adapter running with pairing
      And the friend sent a text
      When AIOS denies the friend
      And the friend sends a text
      Then that message is reported as denied and its body goes nowhere

  @WX-ACCESS-009 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT take a group message for a direct message of the owner
    Source: kit, interpretation 13

    Scenario: The owner speaks in a group
      Given a running adapter
      When the owner sends a text in a group
      Then that message is reported as a group message and its body goes nowhere
