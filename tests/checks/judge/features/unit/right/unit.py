import threading
import time


class Account:
    def __init__(self):
        self.balance = 0
        self.is_open = False
        self.lock = threading.Lock()

    def open(self):
        if self.is_open:
            raise ValueError("account already open")
        self.is_open = True

    def deposit(self, amount):
        with self.lock:
            before = self.balance
            time.sleep(0.0001)
            self.balance = before + amount

    def withdraw(self, amount):
        if amount > self.balance:  # WRONG: if amount >= self.balance: | TestAccount::test_withdraw
            raise ValueError("amount must be less than balance")
        self.balance -= amount


def divide(a, b):
    return a / b


def classify(n):
    return "even" if n % 2 == 0 else "odd"  # WRONG: return "even" | TestKinds::test_several


def in_threads(function, count):
    results = []
    threads = [threading.Thread(target=lambda n=n: results.append(function(n))) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)
