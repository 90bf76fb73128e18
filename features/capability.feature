@WX-CAP
Feature: Capability declaration

  @WX-CAP-001 @MUST @since:v0
  Rule: The adapter MUST declare its id, its version, the targets and features it supports, and its health
    Source: aios, Channel Adapter Contract (capability declaration)

    Scenario: The declaration is complete
      Given a running adapter
      Then its declaration names id, version, targets, features and health

  @WX-CAP-002 @MUST @since:v0
  Rule: The adapter MUST declare WeChat among its targets
    Source: seed, Position in AIOS (a first-batch dialog target)

    Scenario: WeChat is a target
      Given a running adapter
      Then its declaration names WeChat among its targets

  @WX-CAP-003 @MUST @since:v0
  Rule: The adapter MUST claim only features of v0, and no power that it must not own
    Source: aios, Channel Adapter Contract (what an adapter must not own)
    Why: An adapter that claims routing or scheduling is on its way to a second control plane.

    Scenario: Every claim is a feature of v0
      Given a running adapter
      Then its declaration claims only features of v0
