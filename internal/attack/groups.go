package attack

// Why groups are not tried from outside.
const (
	insideOnly = "it needs the inside of the gateway: its log, its database or its clock"
	ofPeople   = "it needs a directory and an identity provider that the run controls"
	ofNodes    = "it needs several nodes, or a restored copy of one"
	ofGrants   = "it is about S3 Access Grants, which the gateway need not have"
)

// groups are all groups of docs/cases/attacks.md.
var groups = []Group{
	{1, "encoded slashes", encodedSlashes, scoped, ""},
	{2, "dot segments", dotSegments, scoped, ""},
	{3, "copy sources that two parsers read differently", copySources, scoped, ""},
	{4, "strange keys", strangeKeys, scoped, ""},
	{5, "prefixes without a boundary", siblings, scoped, ""},
	{6, "wildcards inside names in a session policy", wildcards, session, ""},
	{7, "listings beyond the prefix", listings, scoped, ""},
	{8, "archives that are unpacked", archives, scoped, ""},
	{9, "hosts and forwarded names", forwardedNames, scoped, ""},
	{10, "a form without a signature", forms, nothing, ""},
	{11, "payload modes that skip the signature", payloadModes, nothing, ""},
	{12, "headers added after signing", addedHeaders, scoped, ""},
	{13, "headers of trust from clients", trustHeaders, nothing, ""},
	{14, "signatures out of their time", outOfTime, nothing, ""},
	{15, "signatures with gaps", gaps, nothing, ""},
	{16, "tokens and keys of others", foreignTokens, session, ""},
	{17, "a signature for another service, host or method", otherUses, nothing, ""},
	{18, "requests inside requests", smuggling, nothing, ""},
	{19, "a limited session that makes a wider one", widerSessions, session, ""},
	{20, "a chain that outlives its beginning", nil, nothing, "it needs hours, or the gateway's clock"},
	{21, "access after it was taken away", afterRevocation, policies, ""},
	{22, "forged identity tokens", forgedTokens, nothing, ""},
	{23, "keys that are known beforehand", knownKeys, nothing, ""},
	{24, "secrets that follow from public values", derivedSecrets, nothing, ""},
	{25, "secrets in answers", toldSecrets, nothing, ""},
	{26, "directory injection and re-used names", nil, nothing, ofPeople},
	{27, "copies without the right to their source", unreadSources, scoped, ""},
	{28, "uploads of others", foreignUploads, scoped, ""},
	{29, "batches in which some keys are another's", batches, scoped, ""},
	{30, "versions and conditions that read", versionsAndConditions, scoped, ""},
	{31, "sub-resources that fall through", subResources, scoped, ""},
	{32, "an explicit Deny that is lost", lostDeny, policies, ""},
	{33, "headers that pose as conditions", posedConditions, policies, ""},
	{34, "credentials from what goes away meanwhile", nil, nothing, ofGrants},
	{35, "decisions that are cached wrongly", cachedDecisions, policies, ""},
	{36, "what others have", othersThings, nothing, ""},
	{37, "administration and browsers", adminRoutes, nothing, ""},
	{38, "endpoints for other nodes", nodeRoutes, nothing, ""},
	{39, "hostile XML", hostileXML, nothing, ""},
	{40, "requests that cost much", costly, nothing, ""},
	{41, "nodes that lag and databases that return", nil, nothing, ofNodes},
	{42, "the store behind the gateway", nil, nothing, "it needs the store's own address: latchkey upstream bypass-check"},
	{43, "work before anybody has signed", workForNobody, nothing, ""},
	{44, "texts without a bound", longTexts, nothing, ""},
	{45, "evaluations that cost much", nil, nothing, insideOnly},
	{46, "conditions on keys that do not exist", misspeltKeys, policies, ""},
	{47, "a resource policy that widens a session", widenedSession, session, ""},
	{48, "a region that the signer chooses", chosenRegion, nothing, ""},
	{49, "authority that ends without a deletion", nil, nothing, ofGrants},
	{50, "a bucket that exists and is created again", createdAgain, nothing, ""},
	{51, "objects that act as pages", objectsAsPages, nothing, ""},
	{52, "identity attributes that are not stored", nil, nothing, ofPeople},
	{53, "a relayed sign-in", nil, nothing, ofPeople},
	{54, "a shared table that one source fills", nil, nothing, "it would keep others of the gateway from working"},
	{55, "two framings and two spellings", framings, nothing, ""},
	{56, "100-continue out of step", outOfStep, nothing, ""},
}
