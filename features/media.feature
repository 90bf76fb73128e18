@WX-MEDIA
Feature: Voice and attachments

  @WX-MEDIA-001 @SHOULD @needs:voice_to_text @since:v0
  Rule: Where the configuration sets "voice_to_text", the adapter SHOULD forward a voice message that has a transcript as a message
    Source: seed, Recommended Config Shape (config.voice_to_text)

    Scenario: A transcript becomes the text
      Given an adapter running with voice to text
      When the owner sends a voice message with a transcript
      Then that message reaches AIOS as a message whose text is the transcript

  @WX-MEDIA-002 @SHOULD @needs:attachment_meta @since:v0
  Rule: The adapter SHOULD forward voice without a usable transcript, pictures, files and videos as metadata
    Source: seed, Error & Recovery (degrade to metadata-first forms)

    Scenario Outline: Media degrade to metadata
      Given a running adapter
      When the owner sends <item>
      Then that message reaches AIOS as metadata of a <kind>

      Examples:
        | item                                  | kind  |
        | a picture                             | image |
        | a file                                | file  |
        | a video                               | video |
        | a voice message without a transcript  | voice |
        | a voice message with a transcript     | voice |

  @WX-MEDIA-003 @MUST-NOT @since:v0
  Rule: The adapter MUST NOT put bytes, keys or download tokens of attachments into events
    Source: kit, interpretation 47 (the seed's metadata-first forms)

    Scenario: What opens an attachment stays behind
      Given a running adapter
      When the owner sends a picture
      And the owner sends a file
      And the owner sends a video
      And the owner sends a voice message without a transcript
      Then no event holds what opens or fetches an attachment

  @WX-MEDIA-004 @SHOULD @since:v0
  Rule: The adapter SHOULD hand on a quoted message as metadata beside the new text
    Source: kit, interpretation 48

    Scenario: An answer to an earlier message
      Given a running adapter
      When the owner sends a text that quotes an earlier one
      Then that message reaches AIOS with its text unchanged
      And the quoted words go nowhere

    Scenario: A text of its own
      Given a running adapter
      When the owner sends a text
      Then that message reaches AIOS with its text unchanged
      And it is not said to quote another

  @WX-MEDIA-005 @MUST @since:v0
  Rule: An unknown or malformed item MUST neither stop the adapter nor hold up the rest of its batch
    Source: kit, interpretation 49

    Scenario Outline: A bad message between two good ones
      Given a running adapter
      When <bad> arrives between two texts of the owner
      Then both texts reach AIOS
      And the bad message is reported

      Examples:
        | bad                                  |
        | an item of an unknown kind           |
        | a text item without a text           |
        | a text item that is a word           |
        | an item that is not an object        |
        | a message without items              |
        | a message whose items are a word     |
        | an empty text                        |
