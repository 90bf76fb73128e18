@WX-BOUND
Feature: Boundary

  @WX-BOUND-001 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT ask AIOS for sessions, routes, schedules, policies or transcripts
    Source: seed, Position in AIOS (channel adapters rather than a bespoke control plane)

    Scenario: Nothing is asked in an ordinary hour
      Given a running adapter
      And the owner sent a text
      And a stranger sent a text
      When AIOS answers the owner's first message
      And the adapter is stopped and started again
      And the owner sends a picture
      Then the adapter asked AIOS for nothing

  @WX-BOUND-002 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT execute, answer or swallow a text that looks like a command
    Source: seed, Product Boundary (not a primary development interface)

    Scenario Outline: A command is a text like any other
      Given a running adapter
      When the owner sends the command "<command>"
      Then that message reaches AIOS with its text unchanged
      And nothing was sent to anybody

      Examples:
        | command       |
        | /echo         |
        | /toggle-debug |
        | /clear        |
        | /help         |
        | /new          |
        | !stop         |

  @WX-BOUND-003 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT answer the sender on its own account
    Source: seed, Product Boundary

    Scenario: Nobody is told anything that AIOS did not say
      Given a running adapter
      When the owner sends a text
      And a stranger sends a text
      And the friend sends a voice message with a transcript
      And the owner sends a file
      Then nothing was sent to anybody

    Scenario: Not when AIOS is unavailable either
      Given a running adapter
      And AIOS is unavailable
      When the owner sends a text
      And AIOS is available again after the adapter tried twice
      Then nothing was sent to anybody

  @WX-BOUND-004 @MUST @contained @since:v0
  Rule: The adapter MUST reach no network address but the transport it was given
    Source: kit, interpretation 66
    Why: What a message says must not decide whom the machine of its reader talks to.

    Scenario Outline: What somebody sends does not lead it elsewhere
      Given an address that is none of the adapter's business
      And a running adapter
      When the owner sends <what>
      Then the adapter connected to no address but WeChat's

      Examples:
        | what                                |
        | a link to that address              |
        | a picture that lies at that address |

    Scenario: Nor does an ordinary hour
      Given an address that is none of the adapter's business
      And an adapter running with a context cache
      When people and AIOS have talked for a while
      And the adapter is stopped and started again
      And the owner sends a text
      Then the adapter connected to no address but WeChat's

  @WX-BOUND-005 @MUST @review @since:v0
  Rule: Local workspace, CLI, IDE and agent runtime MUST stay authoritative
    Source: seed, Product Boundary
