@WX-HEALTH
Feature: Health and recent errors

  @WX-HEALTH-001 @MUST @since:v0
  Rule: The adapter MUST show in its health that polls or sends fail while they do, and in its recent errors that they did
    Source: seed, Error & Recovery (transport failures surface through adapter health and recent-error metadata)
    Why: Most failures of WeChat look like success at first sight: a good connection, and a refusal inside.

    Scenario Outline: Polls that fail
      Given a running adapter
      And the owner sent a text
      When WeChat <fails> each time the adapter polls
      Then the adapter is not healthy while that lasts
      And its recent errors still show it when WeChat works again

      Examples:
        | fails                               |
        | is out of order                     |
        | is out of reach                     |
        | hangs up                            |
        | breaks off its answer               |
        | answers with nothing                |
        | answers with a web page             |
        | answers with half a sentence        |
        | answers with gibberish              |
        | says no with both of its codes      |
        | says no with its first code alone   |
        | says no with its second code alone  |

    Scenario Outline: Sends that fail
      Given a running adapter
      And the owner sent a text
      When WeChat <fails> each time the adapter sends
      And AIOS tries in vain to answer that message
      Then the adapter is not healthy while that lasts
      And its recent errors still show it when WeChat works again
      And an answer to the owner is delivered

      Examples:
        | fails                               |
        | is out of order                     |
        | hangs up                            |
        | answers with nothing                |
        | answers with a web page             |
        | says no with both of its codes      |
        | says no with its first code alone   |
        | says no with its second code alone  |

    @slow
    Scenario: A send that is never answered
      Given a running adapter
      And the owner sent a text
      When WeChat gives no answer each time the adapter sends
      And AIOS tries in vain to answer that message
      Then the adapter is not healthy while that lasts
      And its recent errors still show it when WeChat works again
      And an answer to the owner is delivered

    Scenario: Nothing fails
      Given a running adapter
      And the owner sent a text
      When AIOS answers that message
      Then the adapter is healthy and shows no error

  @WX-HEALTH-002 @MUST @since:v0
  Rule: The adapter MUST be healthy again without a restart once WeChat works again, after any failure but an expired login
    Source: kit, interpretation 23

    Scenario Outline: Polls failed
      Given a running adapter
      And the owner sent a text
      When WeChat <fails> each time the adapter polls
      And WeChat works again
      Then the adapter is healthy again without a restart

      Examples:
        | fails                              |
        | is out of order                    |
        | is out of reach                    |
        | answers with nothing               |
        | says no with its second code alone |

    Scenario: Polls failed while AIOS was unavailable
      Given a running adapter
      And AIOS is unavailable
      When WeChat is out of order each time the adapter polls
      And a moment later WeChat works again, and AIOS is available
      Then the adapter is healthy again without a restart

    Scenario: A send failed
      Given a running adapter
      And the owner sent a text
      When WeChat is out of order each time the adapter sends
      And AIOS tries in vain to answer that message
      And WeChat works again
      Then an answer to the owner is delivered
      And the adapter is healthy again without a restart

    Scenario: A send failed, and nothing is sent any more
      Given a running adapter
      And the owner sent a text
      When WeChat is out of order each time the adapter sends
      And AIOS tries in vain to answer that message
      And WeChat works again
      Then the adapter is healthy again without a restart
      And an answer to the owner is delivered

  @WX-HEALTH-003 @MUST @since:v0
  Rule: The adapter MUST keep its recent errors to a bounded list of codes, times and counts, without a body or a secret
    Source: seed, Error & Recovery (recent-error metadata), Security & Audit (message bodies remain forward-only)

    Scenario: Polls and sends fail in several ways
      Given a running adapter
      And the owner sent a text
      When WeChat fails its polls in several ways, each on two occasions
      And WeChat hangs up each time the adapter sends
      And AIOS tries in vain to answer that message
      And WeChat works again
      Then its recent errors hold codes, times and counts and nothing else
      And an answer to the owner is delivered

  @WX-HEALTH-004 @MUST @since:v0
  Rule: The adapter MUST be unhealthy when its login has expired, poll at most once a second from then on, and leave it to a person to log in
    Source: kit, interpretation 24
    Why: A second login by itself would take the account from whoever holds it now.

    Scenario: The login expires
      Given a running adapter
      And the owner sent a text
      When the login expires
      And 3 seconds pass
      Then the adapter is unhealthy, since its login has expired
      And it polled at most once a second
      And it did not try to log in

    Scenario Outline: WeChat says it in one of its ways
      Given a running adapter
      And the owner sent a text
      When WeChat <says> that the login has expired each time the adapter polls
      And 3 seconds pass
      Then the adapter is unhealthy, since its login has expired
      And it polled at most once a second
      And it did not try to log in

      Examples:
        | says                            |
        | says with both of its codes     |
        | says with its first code alone  |
        | says with its second code alone |

  @WX-HEALTH-005 @SHOULD @since:v0
  Rule: The adapter SHOULD leave at least 200 milliseconds between polls from the second failure in a row on
    Source: kit, interpretation 25

    Scenario Outline: WeChat goes on failing
      Given a running adapter
      And the owner sent a text
      When WeChat <fails> each time the adapter polls
      And 3 seconds pass
      Then from the second failure in a row on, its polls are at least 200 milliseconds apart

      Examples:
        | fails                              |
        | is out of order                    |
        | hangs up                           |
        | answers with nothing               |
        | answers with a web page            |
        | says no with its first code alone  |
        | says no with its second code alone |

  @WX-HEALTH-006 @MUST @since:v0
  Rule: The adapter MUST move the time it last saw WeChat with successful polls, and with nothing else
    Source: aios, Channel Integration Page (last_seen_at)

    Scenario: A successful poll moves it
      Given a running adapter
      And the owner sent a text
      When AIOS asks how the adapter is
      And 2 seconds pass
      And the owner sends a text
      Then the time it last saw WeChat has moved to its last successful poll

    Scenario: Failing polls and a successful send do not move it
      Given a running adapter
      And the owner sent a text
      When WeChat is out of order each time the adapter polls
      And AIOS asks how the adapter is
      And 3 seconds pass
      And AIOS answers that message at once
      Then the time it last saw WeChat has not moved

  @WX-HEALTH-007 @MUST @since:v0
  Rule: The adapter MUST forward all messages that arrive during and after an outage of WeChat
    Source: kit, interpretation 26

    Scenario Outline: Messages during and after an outage
      Given a running adapter
      When WeChat <fails> each time the adapter polls
      And the owner sends 3 texts
      And WeChat works again
      And the owner sends 2 texts
      Then AIOS takes every message, in the order they were sent

      Examples:
        | fails                             |
        | is out of order                   |
        | is out of reach                   |
        | hangs up                          |
        | breaks off its answer             |
        | answers with nothing              |
        | says no with both of its codes    |
