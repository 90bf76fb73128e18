"""A bot that logs in by QR code and answers every text with the same text.

python login.py CLIENT BASE-URL CDN-BASE-URL
"""

import sys

client, base, cdn = sys.argv[1:]
sys.stdout.reconfigure(line_buffering=True)  # the test listens


def openilink() -> None:
    from openilink import Client, MonitorOptions, extract_text

    bot = Client(base_url=base, cdn_base_url=cdn)
    bot.login_with_qr()

    def answer(message) -> None:
        try:
            bot.push(message.from_user_id, f"re: {extract_text(message)}")
        except Exception as error:
            print(f"send: {error}")

    bot.monitor(answer, opts=MonitorOptions(on_error=lambda error: print(f"poll: {error}")))


def weixin_ilink() -> None:
    from weixin_ilink import WeixinBot, login

    bot = WeixinBot(credentials=login(base_url=base, on_qrcode=print), cdn_base_url=cdn)

    @bot.on_text
    def answer(message) -> None:
        message.reply_text(f"re: {message.text}")

    @bot.on_image
    def send_back(message) -> None:
        message.save("picture")
        message.reply_image("picture", caption="re: a picture")

    bot.run()


def weixin_bot() -> None:
    from weixin_bot import WeixinBot

    bot = WeixinBot(base_url=base, token_path="credentials.json", on_error=lambda error: print(f"error: {error}"))
    bot.login()

    @bot.on_message
    async def answer(message) -> None:
        await bot.send_typing(message.user_id)
        await bot.reply(message, f"re: {message.text}")

    bot.run()


{"openilink": openilink, "weixin_ilink": weixin_ilink, "weixin_bot": weixin_bot}[client]()
