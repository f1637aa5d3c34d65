//! What the codes mean by which requests end (RFC 4511 appendix A).

use super::message::ResultCode;
use std::fmt;

impl ResultCode {
    /// It worked.
    pub(super) const SUCCESS: ResultCode = ResultCode(0);
    /// There are more entries than were asked for.
    pub(super) const SIZE_LIMIT_EXCEEDED: ResultCode = ResultCode(4);
    /// There is no such entry, or it is nothing for whoever asks.
    pub(super) const NO_SUCH_OBJECT: ResultCode = ResultCode(32);

    /// Whether the directory cannot answer just now.
    pub(super) fn is_passing(self) -> bool {
        // timeLimitExceeded, adminLimitExceeded, busy, unavailable.
        matches!(self.0, 3 | 11 | 51 | 52)
    }

    /// Whether a bind that ended so was refused because of who asked: the name, the password, or the state of the account.
    pub(super) fn is_refusal(self) -> bool {
        // constraintViolation (too many tries), noSuchObject, invalidDNSyntax, inappropriateAuthentication (no password is
        // set), invalidCredentials, insufficientAccessRights (may not log in), unwillingToPerform (disabled).
        matches!(self.0, 19 | 32 | 34 | 48 | 49 | 50 | 53)
    }

    /// The word of the RFC for those codes that a login may meet.
    fn word(self) -> &'static str {
        match self.0 {
            0 => "success",
            1 => "operationsError",
            2 => "protocolError",
            3 => "timeLimitExceeded",
            4 => "sizeLimitExceeded",
            7 => "authMethodNotSupported",
            8 => "strongerAuthRequired",
            10 => "referral",
            11 => "adminLimitExceeded",
            13 => "confidentialityRequired",
            19 => "constraintViolation",
            32 => "noSuchObject",
            34 => "invalidDNSyntax",
            48 => "inappropriateAuthentication",
            49 => "invalidCredentials",
            50 => "insufficientAccessRights",
            51 => "busy",
            52 => "unavailable",
            53 => "unwillingToPerform",
            _ => "see RFC 4511",
        }
    }
}

impl fmt::Display for ResultCode {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "code {} ({})", self.0, self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_is_both_a_refusal_and_a_state_of_the_directory() {
        for code in (0..=80).map(ResultCode) {
            assert!(!(code.is_refusal() && code.is_passing()), "{code}");
        }
        assert!(!ResultCode::SUCCESS.is_refusal());
    }
}
