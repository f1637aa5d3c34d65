//! Words of the pages about executors.

use super::catalogue;

catalogue! {
    /// Executors and their nodes.
    ExecutorWords {
        title: "Executors", "执行器";
        new: "New executor", "新建执行器";
        edit_title: "Edit executor", "编辑执行器";
        name: "Name", "名称";
        app_key: "App key", "标识";
        app_key_hint: "The nodes name it when they register: letters, digits, dot, underscore, hyphen.", "节点注册时使用，仅限字母、数字、点、下划线和连字符。";
        registration: "Registration", "注册方式";
        automatic: "Automatic", "自动注册";
        automatic_hint: "Nodes call in by themselves", "节点自行注册";
        manual: "By hand", "手动录入";
        manual_hint: "You list the addresses below", "在下方填写节点地址";
        addresses: "Addresses", "节点地址";
        addresses_hint: "One a line, such as http://10.0.0.7:7777; only with registration by hand.", "每行一个，例如 http://10.0.0.7:7777，仅手动录入时填写。";
        secret: "Secret", "密钥";
        secret_hint: "Both sides send it with each call. It is shown once, after saving.", "双方每次调用都会携带，仅在保存后显示一次。";
        secret_generate: "Generate one", "自动生成";
        secret_generate_new: "Generate a new one", "生成新密钥";
        secret_keep: "Keep the present one", "保持现有密钥";
        secret_none: "No secret: anyone who knows the app key may register", "不使用密钥：知道标识即可注册";
        secret_clear: "Remove it: anyone who knows the app key may register", "清除密钥：知道标识即可注册";
        secret_own: "Use this one", "使用指定密钥";
        secret_own_label: "Own secret", "指定密钥";
        secret_own_missing: "enter the secret, or choose another option", "请填写密钥，或选择其他选项";
        secret_set: "set", "已设置";
        secret_unset: "not set", "未设置";
        overlap: "A secret that is replaced stays good", "被替换的旧密钥继续有效";
        overlap_hint: "In this time nodes may call with either one, so they can be given the new one in turn. Choose \"not at all\" if it was seen by somebody.", "在此期间节点可使用新旧任一密钥，便于逐个更换；若旧密钥已泄露，请选择“立即失效”。";
        overlap_none: "not at all", "立即失效";
        overlap_hour: "for an hour", "一小时";
        overlap_day: "for a day", "一天";
        overlap_week: "for a week", "一周";
        former_until: "the one before is good until", "旧密钥有效至";
        secret_former: "still uses the secret before", "仍在使用旧密钥";
        secret_older: "uses a secret that is good no more", "使用的密钥已失效";
        nodes: "Nodes", "节点";
        no_nodes: "No node has registered yet.", "还没有节点注册。";
        address: "Address", "地址";
        last_seen: "Last seen", "最近在线";
        first_seen: "First seen", "首次发现";
        agent: "Program", "程序";
        jobs: "Jobs", "任务";
        empty: "No executors yet", "还没有执行器";
        empty_hint: "An executor is a program of yours that does the work of jobs. It registers here under its app key.",
            "执行器是您自己的程序，负责完成任务；它以标识在此注册。";
        delete_title: "Delete executor", "删除执行器";
        delete_free: "No job uses it. Its nodes can no longer register, and its app key becomes free.", "没有任务使用它。删除后其节点无法再注册，标识可重新使用。";
        delete_in_use: "Delete or move its jobs first.", "请先删除或迁移这些任务。";
        show_jobs: "Show its jobs", "查看其任务";
        saved: "The executor was saved.", "执行器已保存。";
        deleted_note: "The executor was deleted.", "执行器已删除。";
        once_title: "Copy the secret now", "请立即复制密钥";
        once_hint: "It is shown this one time and kept nowhere on these pages. Lost it? Generate a new one.", "密钥只显示这一次，之后页面不再提供。若遗失请重新生成。";
        forget: "Forget", "移除";
        forget_hint: "It registered itself and is offline. It comes back when it registers again.", "自动注册且已离线的节点；再次注册后会重新出现。";
        forgotten_note: "The node was forgotten.", "节点已移除。";
        snippet: "Configuration of the executor", "执行器配置";
        snippet_hint: "hzm-job.yaml of the executor, read by the Rust SDK and by the original Go client.", "执行器的 hzm-job.yaml，Rust SDK 与原版 Go 客户端均可读取。";
        go_on: "To the executor", "查看执行器";
        recent: "Runs of this executor", "该执行器的运行记录";
        created: "Created", "创建时间";
        updated: "Last changed", "修改时间";
    }
}
