// Package policy owns IAM policy documents: it parses them strictly, prints them as AWS returns them,
// and decides requests against them. Explicit deny comes first and the zero Decision denies.
//
// It is pure: no context, clock, I/O, and it does not know where documents are stored, which documents a
// principal has, or how large they may be (Document.Size tells the caller). A document is compiled once,
// at Parse, and may then be evaluated by many goroutines.
//
// The language is that of the AWS IAM user guide, "JSON policy element reference":
//
//	document  = { Version?, Id? (resource and trust policies), Statement: statement or [statement, ...] }
//	statement = { Sid?, Effect, Principal | NotPrincipal (resource and trust policies, always),
//	              Action | NotAction, Resource | NotResource (not in trust policies), Condition? }
//	condition = { [ForAllValues:|ForAnyValue:]operator[IfExists]: { key: value or [value, ...] } }
//
// Where AWS is silent or generous, this package takes the reading that grants less:
//
//   - A policy variable without a value matches nothing. In a negated place of an Allow statement
//     (NotResource, StringNotEquals, ...) it matches everything, so that the statement does not apply.
//     A Deny statement whose Resource cannot be resolved does not apply, as on AWS.
//   - A value in the request that the operator cannot read (a number that is none, an ARN that is none)
//     fails the condition of an Allow and fulfils that of a Deny.
//   - Allow with NotPrincipal is refused, as AWS's reference now says. In a Deny, NotPrincipal spares only
//     a caller who is named by user, role or session; naming the account spares its root user alone.
//   - Principal "*" in an Allow lifts the limits of session policy and boundary only when the statement
//     has no condition at all (anybody may do it) or a positive condition on aws:PrincipalArn.
//   - Wildcards in the first five parts of a resource ARN do not cross a colon.
package policy
