//! `infra/vercel.yaml`: the AWS resources of a deployment on Vercel: the table and a role to access it.

const HEAD: &str = r#"# What a deployment on Vercel needs of AWS: the table, and a role that its functions take with the token that Vercel
# signs for them, so that no key of AWS lies at Vercel. Written by `cargo stacks` from template.yaml.
#   aws cloudformation deploy --stack-name justonce-vercel --template-file infra/vercel.yaml \
#     --capabilities CAPABILITY_IAM --parameter-overrides Team=… Project=…
AWSTemplateFormatVersion: "2010-09-09"
Description: "justonce: the table, for functions on Vercel"

Parameters:
  Team:
    Type: String
    AllowedPattern: "^[a-z0-9-]+$"
    ConstraintDescription: Team is the slug of the team at Vercel, as it stands in its URLs.
    Description: The team at Vercel.
  Project:
    Type: String
    AllowedPattern: "^[a-z0-9._-]+$"
    ConstraintDescription: Project is the name of the project at Vercel.
    Description: The project at Vercel.
  Environment:
    Type: String
    Default: production
    AllowedPattern: "^[a-z0-9-]+$"
    ConstraintDescription: Environment is production, preview, development or one of your own.
    Description: Whose functions may reach this table; give a preview a stack of its own.
  Provider:
    Type: String
    Default: new
    AllowedValues: [new, existing]
    Description: An account knows an issuer once; say existing for the second stack of a team.
  TableName:
    Type: String
    Default: ""
    AllowedPattern: "^(|[A-Za-z0-9_.-]{3,})$"
    ConstraintDescription: TableName is the name of a table in this account and region.
    Description: The table that a restore has made (docs/emergency.md); the stack's own table where it is empty.

Conditions:
  IsFirst: !Equals [!Ref Provider, new]
  IsRestored: !Not [!Equals [!Ref TableName, ""]]

Resources:
  Issuer:
    Type: AWS::IAM::OIDCProvider
    Condition: IsFirst
    Properties:
      Url: !Sub "https://oidc.vercel.com/${Team}"
      ClientIdList: [!Sub "https://vercel.com/${Team}"]

  Role:
    Type: AWS::IAM::Role
    Properties:
      Description: What the functions on Vercel may do here.
      # As text, because the names of the conditions hold the team.
      AssumeRolePolicyDocument: !Sub |
        {
          "Version": "2012-10-17",
          "Statement": [{
            "Effect": "Allow",
            "Principal": {"Federated": "arn:${AWS::Partition}:iam::${AWS::AccountId}:oidc-provider/oidc.vercel.com/${Team}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {
              "oidc.vercel.com/${Team}:aud": "https://vercel.com/${Team}",
              "oidc.vercel.com/${Team}:sub": "owner:${Team}:project:${Project}:environment:${Environment}"
            }}
          }]
        }
      Policies:
        - PolicyName: table
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
"#;

const TAIL: &str = "
# The settings of the project at Vercel.
Outputs:
  TableName: {Value: !If [IsRestored, !Ref TableName, !Ref Table]}
  Region: {Value: !Ref AWS::Region}
  RoleArn: {Value: !GetAtt Role.Arn}
";

/// Generates the file from the text of the template, including comments.
pub(crate) fn stack(template: &str) -> Result<String, String> {
    let boundary = part(template, "\n  Boundary:\n", "\n  # ──")?;
    let rights = part(
        boundary,
        "            Resource: !GetAtt Log.Arn\n",
        "          - Effect: Allow\n            Action: secretsmanager",
    )?;
    let rights: String = rights.lines().map(|line| format!("    {line}\n")).collect();
    let table = part(template, "\n  # ── The table", "\n  # ── The functions")?;
    // The first line is the rest of the heading.
    let table = table.split_once('\n').map(|(_, table)| table).ok_or("the table is empty")?;
    Ok(format!("{HEAD}{rights}\n{table}{TAIL}"))
}

fn part<'a>(text: &'a str, from: &str, to: &str) -> Result<&'a str, String> {
    let lacks = |what: &str| format!("template.yaml lacks {what:?}");
    let (_, rest) = text.split_once(from).ok_or_else(|| lacks(from))?;
    rest.split_once(to).map(|(part, _)| part).ok_or_else(|| lacks(to))
}
