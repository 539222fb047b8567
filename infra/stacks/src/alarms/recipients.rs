//! The parameters of the stack, and who hears its alarms.

pub(super) const HEAD: &str = r#"# Alarms and the dashboard. Written by `cargo stacks`; a test holds it to that.
# docs/runbook.md has an entry for every alarm: what it means, what to look at, what to do.
AWSTemplateFormatVersion: "2010-09-09"
Description: "justonce: alarms and the dashboard"

Parameters:
  Stack:
    Type: String
    Description: The stack of the functions, whose name is the namespace of their metrics.
  Log:
    Type: String
    Description: The log of all functions.
  Table:
    Type: String
    Description: The name of the table.
  Revision:
    Type: String
    Description: The word of the deployment; the roll-out alarm counts the lines that bear it.
  AlarmMail:
    Type: String
    Description: The address for alarm mails; may be empty.
  AlarmSlackWorkspace:
    Type: String
    Description: The Slack workspace for alarms; may be empty.
  AlarmSlackChannel:
    Type: String
    Description: The channel there; may be empty.
  UrgentMail:
    Type: String
    Description: A further address for alarms of severity P1; may be empty.
  EscalationHours:
    Type: Number
    Description: After how many hours waiting money and messages become urgent.
  WhopSilenceHours:
    Type: Number
    Description: After how many hours without a webhook of Whop an alarm rings; 0 for never.
  StripeSilenceHours:
    Type: Number
    Description: The same for Stripe.

Conditions:
  TellsByMail: !Not [!Equals [!Ref AlarmMail, ""]]
  TellsSlack: !Not [!Equals [!Ref AlarmSlackChannel, ""]]
  TellsUrgentMail: !Not [!Equals [!Ref UrgentMail, ""]]
  ExpectsWhop: !Not [!Equals [!Ref WhopSilenceHours, 0]]
  ExpectsStripe: !Not [!Equals [!Ref StripeSilenceHours, 0]]

Resources:
  # ── Recipients ──
  # Every alarm is published to Topic, one of severity P1 to UrgentTopic too. The URL of a paging service is a secret,
  # so it is subscribed to UrgentTopic by hand (docs/deploy.md).
  # Not encrypted with a key of its own: CloudWatch could not publish under AWS's, one of ours costs a dollar a
  # month, and an alarm says the name of a subject and a number.
  Topic:
    Type: AWS::SNS::Topic
    Metadata: {checkov: {skip: [{id: CKV_AWS_26, comment: An alarm says the name of a subject and a number.}]}}
    Properties:
      TopicName: !Sub "${Stack}-alarms"
  UrgentTopic:
    Type: AWS::SNS::Topic
    Metadata: {checkov: {skip: [{id: CKV_AWS_26, comment: An alarm says the name of a subject and a number.}]}}
    Properties:
      TopicName: !Sub "${Stack}-urgent-alarms"
  Mail:
    Type: AWS::SNS::Subscription
    Condition: TellsByMail
    Properties: {TopicArn: !Ref Topic, Protocol: email, Endpoint: !Ref AlarmMail}
  UrgentMailing:
    Type: AWS::SNS::Subscription
    Condition: TellsUrgentMail
    Properties: {TopicArn: !Ref UrgentTopic, Protocol: email, Endpoint: !Ref UrgentMail}
  # The chat needs a role without permissions: it only forwards alarms.
  SlackRole:
    Type: AWS::IAM::Role
    Condition: TellsSlack
    Properties:
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Principal: {Service: chatbot.amazonaws.com}, Action: "sts:AssumeRole"}
  Slack:
    Type: AWS::Chatbot::SlackChannelConfiguration
    Condition: TellsSlack
    Properties:
      ConfigurationName: !Sub "${Stack}-alarms"
      SlackWorkspaceId: !Ref AlarmSlackWorkspace
      SlackChannelId: !Ref AlarmSlackChannel
      IamRoleArn: !GetAtt SlackRole.Arn
      GuardrailPolicies: [!Sub "arn:${AWS::Partition}:iam::aws:policy/AWSDenyAll"]
      SnsTopicArns: [!Ref Topic]
"#;
