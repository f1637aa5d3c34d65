//! What is wrong with a draft: which field, what, and what to do about it, in English and Chinese.
//!
//! Every problem has a stable code for programs (`code`), an English sentence (`Display`) and a Chinese one (`zh`).
//! Sentences name the offending value, shortened, but never a secret.

use crate::schedule::ScheduleProblem;
use thiserror::Error;

/// One problem of one field of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{field}: {problem}")]
pub struct FieldProblem {
    /// Path of the field in the JSON document, such as `name` or `schedule.expression`.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: Problem,
}

impl FieldProblem {
    /// The field's path and the problem in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        format!("{}：{}", self.field, self.problem.zh())
    }
}

/// What is wrong with a field.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Problem {
    /// The field is empty and must not be.
    #[error("must not be empty")]
    Required,
    /// The text has too many characters.
    #[error("is {found} characters long; use at most {most}")]
    TooManyCharacters {
        /// Characters found.
        found: usize,
        /// Characters allowed.
        most: usize,
    },
    /// The text has too many bytes.
    #[error("is {found} bytes long; use at most {most}")]
    TooManyBytes {
        /// Bytes found.
        found: usize,
        /// Bytes allowed.
        most: usize,
    },
    /// The text has a control character, such as a tab or a line break.
    #[error("has a control character at position {position}; remove it")]
    ControlCharacter {
        /// Where it stands, counted in characters from 1.
        position: usize,
    },
    /// The text has a character from outside the field's alphabet.
    #[error("has the character {found:?} at position {position}; use only {allowed}")]
    ForeignCharacter {
        /// The character.
        found: char,
        /// Where it stands, counted in characters from 1.
        position: usize,
        /// What is allowed, in words.
        allowed: &'static str,
    },
    /// A secret has a character that no HTTP header can carry; the character itself is not shown.
    #[error(
        "has a character at position {position} that cannot be sent in a header; use visible ASCII characters without blanks"
    )]
    SecretCharacter {
        /// Where it stands, counted in characters from 1.
        position: usize,
    },
    /// The number is out of bounds.
    #[error("is {found}; use a value from {least} to {most}")]
    OutOfRange {
        /// The number found.
        found: String,
        /// The smallest one allowed.
        least: String,
        /// The largest one allowed.
        most: String,
    },
    /// The schedule does not compile.
    #[error(transparent)]
    Schedule(#[from] ScheduleProblem),
    /// An address is none.
    #[error("{address:?} is no node address: {fault}; write it like http://10.0.0.7:7777")]
    Address {
        /// The address, shortened and without what may be a password.
        address: String,
        /// What is wrong with it.
        fault: AddressFault,
    },
    /// The same address stands in the list twice.
    #[error("{address:?} stands in the list twice; remove one")]
    DuplicateAddress {
        /// The address.
        address: String,
    },
    /// There are more addresses than an executor may have.
    #[error("has {found} addresses; use at most {most}")]
    TooManyAddresses {
        /// Addresses found.
        found: usize,
        /// Addresses allowed.
        most: usize,
    },
    /// Addresses were given although the nodes register by themselves.
    #[error("must be empty when nodes register automatically; empty it or set registration to \"manual\"")]
    AddressesNotWanted,
    /// Manual registration without an address.
    #[error("needs at least one address when registration is \"manual\"")]
    AddressesMissing,
}

/// What is wrong with a node's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressFault {
    /// It does not begin with `http://` or `https://`.
    #[error("it must begin with http:// or https://")]
    Scheme,
    /// There is no host, or the host has characters that none has.
    #[error("its host is missing or malformed")]
    Host,
    /// The port is not a number from 1 to 65535.
    #[error("its port must be a number from 1 to 65535")]
    Port,
    /// It holds a user name or password.
    #[error("a user name or password is not allowed in it")]
    UserInfo,
    /// It has a query or a fragment.
    #[error("a query or fragment is not allowed in it")]
    Query,
    /// It has a path.
    #[error("a path is not allowed in it")]
    Path,
    /// It is longer than 255 bytes.
    #[error("it is longer than 255 bytes")]
    Length,
}

impl AddressFault {
    /// The fault in Chinese.
    #[must_use]
    pub const fn zh(self) -> &'static str {
        match self {
            AddressFault::Scheme => "必须以 http:// 或 https:// 开头",
            AddressFault::Host => "主机名缺失或格式不正确",
            AddressFault::Port => "端口必须是 1 到 65535 之间的数字",
            AddressFault::UserInfo => "不能包含用户名或密码",
            AddressFault::Query => "不能包含查询参数或片段",
            AddressFault::Path => "不能包含路径",
            AddressFault::Length => "长度超过 255 字节",
        }
    }
}

impl Problem {
    /// A stable word for programs; of a schedule's problem, that problem's own.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Problem::Required => "required",
            Problem::TooManyCharacters { .. } | Problem::TooManyBytes { .. } => "too_long",
            Problem::ControlCharacter { .. } => "control_character",
            Problem::ForeignCharacter { .. } | Problem::SecretCharacter { .. } => "foreign_character",
            Problem::OutOfRange { .. } => "out_of_range",
            Problem::Schedule(problem) => problem.code(),
            Problem::Address { .. } => "bad_address",
            Problem::DuplicateAddress { .. } => "duplicate_address",
            Problem::TooManyAddresses { .. } => "too_many_addresses",
            Problem::AddressesNotWanted => "addresses_not_wanted",
            Problem::AddressesMissing => "addresses_missing",
        }
    }

    /// The sentence in Chinese.
    #[must_use]
    pub fn zh(&self) -> String {
        match self {
            Problem::Required => "不能为空".to_owned(),
            Problem::TooManyCharacters { found, most } => format!("长度为 {found} 个字符，最多允许 {most} 个"),
            Problem::TooManyBytes { found, most } => format!("长度为 {found} 字节，最多允许 {most} 字节"),
            Problem::ControlCharacter { position } => format!("第 {position} 个字符是控制字符，请删除"),
            Problem::ForeignCharacter { found, position, allowed } => {
                format!("第 {position} 个字符“{found}”不允许使用，只能使用 {allowed}")
            }
            Problem::SecretCharacter { position } => {
                format!("第 {position} 个字符无法放入请求头，请只使用不含空格的可见 ASCII 字符")
            }
            Problem::OutOfRange { found, least, most } => format!("值为 {found}，允许范围是 {least} 到 {most}"),
            Problem::Schedule(problem) => problem.zh(),
            Problem::Address { address, fault } => {
                format!("“{address}”不是有效的节点地址：{}；正确写法如 http://10.0.0.7:7777", fault.zh())
            }
            Problem::DuplicateAddress { address } => format!("地址“{address}”重复，请删除其中一个"),
            Problem::TooManyAddresses { found, most } => format!("共有 {found} 个地址，最多允许 {most} 个"),
            Problem::AddressesNotWanted => "节点自动注册时必须为空；请清空，或将注册方式改为手动".to_owned(),
            Problem::AddressesMissing => "手动注册时至少需要一个地址".to_owned(),
        }
    }
}
