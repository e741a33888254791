// Package policy owns IAM policy documents: it parses them strictly, prints them as AWS returns them,
// and decides requests against them. Explicit deny comes first and the zero Decision denies.
//
// It is pure: it has no context, no clock and no I/O. It does not know where documents are stored, which documents a
// principal has, or how large a document may be (Document.Size tells the caller its size). Parse compiles a document
// once; many goroutines may then evaluate it.
//
// The language is that of the AWS IAM user guide, "JSON policy element reference":
//
//	document  = { Version?, Id? (resource and trust policies), Statement: statement or [statement, ...] }
//	statement = { Sid?, Effect, Principal | NotPrincipal (resource and trust policies, always),
//	              Action | NotAction, Resource | NotResource (not in trust policies), Condition? }
//	condition = { [ForAllValues:|ForAnyValue:]operator[IfExists]: { key: value or [value, ...] } }
//
// Where AWS's documentation is silent or ambiguous, this package takes the reading that grants less:
//
//   - A policy variable without a value matches nothing. In a negated element of an Allow statement
//     (NotResource, StringNotEquals, ...) it matches everything, so the statement does not apply. A Deny
//     statement whose Resource cannot be resolved does not apply, as on AWS.
//   - A value in the request that the operator cannot read (text where the operator compares numbers or
//     ARNs) fails the condition of an Allow and fulfils that of a Deny.
//   - Allow with NotPrincipal is refused, as AWS's reference now says. In a Deny, NotPrincipal exempts a
//     caller only if it names the caller's user, role or session. If it names the account, it exempts only
//     the account's root user.
//   - Principal "*" in an Allow lifts the limits of session policy and boundary only when the statement has
//     no condition at all (everybody may do it), or a positive condition on aws:PrincipalArn.
//   - Wildcards in the first five parts of a resource ARN do not match a colon.
package policy
