@WX-ROUTE
Feature: Routing

  @WX-ROUTE-001 @MUST @since:v0
  Rule: The adapter MUST put the configured workspace and agent on every event
    Source: seed, Position in AIOS (route through canonical workspace_id + agent_id)

    Scenario: Every event carries the route
      Given a running adapter
      When the owner sends a text
      And the friend sends a picture
      And a stranger sends a text
      Then every event carries the configured workspace and agent

  @WX-ROUTE-002 @MUST @since:v0
  Rule: The adapter MUST route alike whoever sends, in whatever conversation, whatever the content
    Source: aios, Channel Contract (the stable routing key)

    Scenario: Different people, conversations and contents share the route
      Given a running adapter
      When the owner sends 2 texts
      And the friend sends a text
      And the friend sends a file
      Then all events carry one and the same route

  @WX-ROUTE-003 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT change the route because a text names another workspace or agent
    Source: kit, interpretation 8
    Why: Routing belongs to the AIOS gateway; a chat message that can steer it is a control plane.

    Scenario: A text that asks for another agent stays on the route
      Given a running adapter
      When the owner sends a text that asks for another workspace and agent
      Then that message reaches AIOS with its text unchanged
      And every event carries the configured workspace and agent

  @WX-ROUTE-004 @MUST @since:v0
  Rule: The adapter MUST keep the session of a conversation stable and different from those of others
    Source: kit, interpretation 9

    Scenario: One conversation, one session
      Given a running adapter
      When the owner sends 2 texts
      And the friend sends 2 texts
      Then messages of one person share a session and different people have different ones

    Scenario: A restart does not change the session
      Given a running adapter
      When the owner sends a text
      And the adapter is stopped and started again
      And the owner sends a text
      Then messages of one person share a session and different people have different ones
