@WX-CONF
Feature: Configuration

  @WX-CONF-001 @SHOULD @since:v0
  Rule: The adapter SHOULD accept a configuration with all fields and one with only the required fields, and show the access rules it was given
    Source: seed, Recommended Config Shape
    Why: An operator fills in the same form for every channel and has to be able to read back what is in force.

    Scenario: A configuration with every field is accepted
      Given a configuration with every field
      When AIOS starts the adapter
      Then the adapter shows the owner, the allowlist and the policy it was given
      And a text from the owner reaches AIOS

    Scenario: A configuration with only the required fields is accepted
      Given a configuration with only the required fields
      When AIOS starts the adapter
      Then the adapter shows the owner, the allowlist and the policy it was given
      And a text from the owner reaches AIOS

  @WX-CONF-002 @MUST @since:v0
  Rule: The adapter MUST refuse a configuration that breaks the contract, point to the fault, and not poll for it
    Source: kit, interpretation 1
    Why: A mistyped "owner_only" that is ignored leaves a door open that its author believes shut.

    @control
    Scenario Outline: A configuration with a fault is refused
      Given a configuration in which <fault>
      When AIOS starts the adapter
      Then the start is refused with a pointer to the fault
      And the adapter did not poll before it had a faultless configuration

      Examples:
        | fault                                        |
        | an unknown word stands in the policy         |
        | an unknown word stands beside the route      |
        | "enabled" is missing                         |
        | "enabled" is a word                          |
        | "channel_id" is empty                        |
        | "target" is another channel                  |
        | "message_chunk_limit" is zero                |
        | "dedup_window_sec" is beyond a week          |
        | the allowlist names a person twice           |
        | there is neither an owner nor an allowlist   |
        | "owner_only" is set and there is no owner    |
        | "display_name" is null                       |

  @WX-CONF-003 @MUST @since:v0
  Rule: The adapter MUST require a workspace and an agent in the route
    Source: seed, Position in AIOS (route through canonical workspace_id + agent_id)

    @control
    Scenario Outline: A route without its destination is refused
      Given a configuration in which <fault>
      When AIOS starts the adapter
      Then the start is refused with a pointer to the fault
      And the adapter did not poll before it had a faultless configuration

      Examples:
        | fault                     |
        | "workspace_id" is missing |
        | "agent_id" is missing     |
        | the route is missing      |

  @WX-CONF-004 @SHOULD @since:v0
  Rule: The adapter SHOULD accept a credential only as a reference to a secret, never as the secret itself
    Source: seed, Security & Audit (credentials SHOULD be secret-backed references)

    @control
    Scenario: A credential written out in the configuration is refused
      Given a configuration in which the credential is written out
      When AIOS starts the adapter
      Then the start is refused with a pointer to the fault
      And the adapter did not poll before it had a faultless configuration

  @WX-CONF-005 @MUST @since:v0
  Rule: The adapter MUST refuse at its start what it is told to enforce and cannot
    Source: kit, interpretation 2
    Why: A policy that is silently ignored is worse than one that is refused.

    @control
    Scenario: Pairing is enforced or refused
      Given a configuration that requires pairing
      When AIOS starts the adapter
      Then the adapter refuses to start, or holds back a friend who is not paired

    @control
    Scenario: A transport that v0 does not have is refused
      Given a configuration in which WeChat is to call the adapter
      When AIOS starts the adapter
      Then the start is refused with a pointer to the fault
      And the adapter did not poll before it had a faultless configuration

  @WX-CONF-006 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT poll for a channel that is not enabled
    Source: aios, Channel Integration Page (enabled)

    @control
    Scenario: A disabled channel is silent
      Given a configuration of a channel that is not enabled
      When AIOS starts the adapter
      Then the adapter starts without polling and says that it is stopped

  @WX-CONF-007 @MUST @since:v0
  Rule: The adapter MUST refuse a credential reference for which it is given no secret
    Source: kit, interpretation 3

    @control
    Scenario: A reference to a secret that nobody gave is refused
      Given a configuration in which the credential has no secret
      When AIOS starts the adapter
      Then the start is refused with a pointer to the fault
      And the adapter did not poll before it had a faultless configuration
